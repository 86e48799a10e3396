namespace Kube.Runtime;

/// <summary>
/// client-go's back-off of a reflector: 800 ms, doubling up to 30 s, each wait stretched by a random factor of 1 to 2; starts
/// again when two minutes have passed without one.
/// </summary>
/// <param name="time">Clock.</param>
/// <param name="random">Gives [0,1).</param>
internal sealed class Backoff(TimeProvider time, Func<double> random)
{
    internal static readonly TimeSpan Initial = TimeSpan.FromMilliseconds(800);
    internal static readonly TimeSpan Cap = TimeSpan.FromSeconds(30);
    internal static readonly TimeSpan ResetAfter = TimeSpan.FromMinutes(2);

    private TimeSpan _next = Initial;
    private long? _last;

    /// <summary>The length of the next wait.</summary>
    public TimeSpan Next()
    {
        if (_last is { } last && time.GetElapsedTime(last) > ResetAfter) _next = Initial;
        _last = time.GetTimestamp();
        var delay = _next;
        _next = delay * 2 < Cap ? delay * 2 : Cap;
        return delay * (1 + random());
    }

    public Task WaitAsync(CancellationToken cancellationToken) => Task.Delay(Next(), time, cancellationToken);
}
