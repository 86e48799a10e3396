namespace BreakGlass.Operator.Guard;

/// <summary>Asks the API server now and then what is installed in it, so that policies can say it before it matters.</summary>
internal abstract class Probe<T>(TimeProvider time)
    where T : class
{
    public static readonly TimeSpan Holds = TimeSpan.FromMinutes(1);

    private volatile Answer? _last;

    /// <summary>What is installed; null where it cannot be told, as by an operator whose rights are those of an earlier version.</summary>
    /// <exception cref="KubeConnectionException">The API server could not be asked.</exception>
    public async ValueTask<T?> AskAsync(CancellationToken cancellationToken)
    {
        if (_last is { } last && time.GetElapsedTime(last.At) < Holds) return last.Found;
        T? found;
        try
        {
            found = await LookAsync(cancellationToken);
        }
        catch (KubeApiException e) when (e.IsForbidden)
        {
            found = null;
        }

        _last = new(time.GetTimestamp(), found);
        return found;
    }

    protected abstract Task<T> LookAsync(CancellationToken cancellationToken);

    private sealed record Answer(long At, T? Found);
}
