namespace BreakGlass.Cli.Hosting;

/// <summary>
/// The signals that stop the command: Ctrl-C, SIGTERM and SIGHUP. The first one cancels it, so that it can clean up. A further one ends the process at once,
/// except while the command repairs something in the cluster that must not be left broken.
/// </summary>
internal sealed class Interruptions : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private Func<Task>? _further;

    /// <summary>Is cancelled by the first signal.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Takes a signal.</summary>
    /// <returns>Whether the process goes on.</returns>
    public bool Take()
    {
        lock (_lock)
        {
            if (_stop.IsCancellationRequested)
            {
                // Not on the thread of the signal, which must not wait or fail.
                if (_further is { } further) _ = Task.Run(further, CancellationToken.None);
                return _further is not null;
            }
        }

        _stop.Cancel();
        return true;
    }

    /// <summary>Lets further signals not end the process until the result is disposed of. The command limits the time for this.</summary>
    /// <param name="further">Is called for each further signal.</param>
    public IDisposable Defer(Func<Task> further)
    {
        lock (_lock) _further = further;
        return new Deferral(this);
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();

    private sealed class Deferral(Interruptions interruptions) : IDisposable
    {
        public void Dispose()
        {
            lock (interruptions._lock) interruptions._further = null;
        }
    }
}
