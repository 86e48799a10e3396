namespace Kube.Runtime;

/// <summary>
/// Lets one of several processes work at a time, by a Lease object; client-go's algorithm. A process that loses the lease stops its work, and
/// stands for it again once the work has ended. The lease alone does not fence writes: a write that is on its way when another process takes over may
/// still arrive, so writes need optimistic locking as well, and those of a term must check <see cref="LeadershipTerm.IsHeld"/> before they are sent.
/// </summary>
/// <remarks>
/// No clock is compared with another's: a foreign lease counts from the moment this process last saw it change, on the
/// monotonic clock. A single failed renewal does not lose the lease; no renewal within the renew deadline does, and so does another's name in it.
/// </remarks>
/// <param name="client">The API server, best over a connection of its own (<see cref="KubeClient.WithOwnConnection"/>): a renewal must not queue.</param>
/// <param name="options">Which lease, which times.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Log.</param>
/// <param name="random">Gives [0,1), for tests; null for a random number.</param>
/// <exception cref="ArgumentException">The times do not fit together.</exception>
public sealed partial class LeaderElector(
    KubeClient client, LeaderElectionOptions options, TimeProvider time, ILogger logger, Func<double>? random = null)
{
    private readonly LeaderElectionOptions _options = Checked(options);
    private readonly LeaseLock _lease = new(client, options, time, logger);
    private readonly Func<double> _random = random ?? Random.Shared.NextDouble;
    private readonly KeyValuePair<string, object?> _tag = new("name", options.Name);
    private volatile bool _leading;

    /// <summary>For a liveness probe: null when all is well, else what is wrong. A leader whose renewal is long overdue is stuck.</summary>
    public string? Check()
    {
        var overdue = _lease.SinceRenewal - _options.LeaseDuration;
        return _leading && overdue > LeaderElectionOptions.HealthTolerance
            ? $"the lease {_options.Namespace}/{_options.Name} is held, but its renewal has been overdue for {overdue.TotalSeconds:0} s; "
            + "the process is stuck and should be restarted"
            : null;
    }

    /// <summary>
    /// Waits for the lease and runs <paramref name="lead"/> while renewing it, again each time the lease is lost, until <paramref name="lead"/>
    /// ends on its own or <paramref name="cancellationToken"/> is cancelled.
    /// </summary>
    /// <param name="lead">The leader's work in one term. On a stop the lease is kept until the work has ended, and released.</param>
    /// <param name="cancellationToken">Ends the wait for the lease, or the work.</param>
    /// <exception cref="LeadershipLostException">
    /// The lease was lost, and the work did not end within <see cref="LeaderElectionOptions.StopLeading"/>.
    /// </exception>
    public async Task RunAsync(Func<LeadershipTerm, Task> lead, CancellationToken cancellationToken)
    {
        RuntimeMetrics.MasterStatus.Record(0, _tag);
        RuntimeMetrics.SlowPath.Add(0, _tag);
        while (await AcquireAsync(cancellationToken) && await LoseAsync(lead, cancellationToken))
        {
            // Lost, and nothing of the term goes on: a candidate like any other.
        }
    }

    /// <summary>One term.</summary>
    /// <returns>True if it ended because the lease was lost; false if the work ended.</returns>
    private async Task<bool> LoseAsync(Func<LeadershipTerm, Task> lead, CancellationToken cancellationToken)
    {
        // Not disposed of if the work does not end: it may still check the term.
        var term = new LeadershipTerm(() => _lease.SinceRenewal < _options.LeaseDuration, cancellationToken);
        SetLeading(true);
        var work = Task.Run(() => lead(term), CancellationToken.None);
        if (await RenewUntilEndAsync(work) is { } loss)
        {
            SetLeading(false);
            term.Lose();
            LogLost(_options.Name, loss);
            _ = work.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            if (!await EndsWithinAsync(work, LeaderElectionOptions.StopLeading))
            {
                throw new LeadershipLostException(
                    $"{loss}, and this process could not stop leading within {LeaderElectionOptions.StopLeading.TotalSeconds:0.#} s; "
                    + "it must exit, so that it does not act beside the next leader");
            }

            term.Dispose();
            return true;
        }

        SetLeading(false);
        await _lease.ReleaseAsync();
        try
        {
            await work;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The work is stopped.
        }

        term.Dispose();
        return false;
    }

    private async Task<bool> AcquireAsync(CancellationToken cancellationToken)
    {
        LogWaiting(_options.Namespace, _options.Name, _options.Identity);
        try
        {
            while (await _lease.TryAsync(_options.CallTimeout, cancellationToken) != LeaseState.Ours)
            {
                // Also at the very moment another's lease runs out: a look two seconds later is two seconds without a leader.
                var pause = _options.RetryPeriod * (1 + (0.2 * _random()));
                var runsOut = _lease.UntilFree;
                await Task.Delay(runsOut > TimeSpan.Zero && runsOut < pause ? runsOut : pause, time, cancellationToken);
            }

            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Renews until the work has ended.</summary>
    /// <returns>How the lease was lost; null if the work has ended.</returns>
    private async Task<string?> RenewUntilEndAsync(Task work)
    {
        var tried = time.GetTimestamp();
        for (;;)
        {
            // Counted from the start of the last try: a slow server must not eat up the deadline together with the pause.
            var pause = _options.RetryPeriod - time.GetElapsedTime(tried);
            var left = _options.RenewDeadline - _lease.SinceRenewal;
            if (await EndsWithinAsync(work, left < pause ? left : pause)) return null;

            left = _options.RenewDeadline - _lease.SinceRenewal;
            if (left <= TimeSpan.Zero)
            {
                return $"the lease {_options.Namespace}/{_options.Name} could not be renewed for {_options.RenewDeadline.TotalSeconds:0.#} s "
                    + $"({_lease.LastError ?? "the process was delayed"}); another process may lead from now on";
            }

            tried = time.GetTimestamp();
            if (await _lease.TryAsync(left < _options.CallTimeout ? left : _options.CallTimeout, CancellationToken.None) == LeaseState.Foreign)
            {
                return $"the lease {_options.Namespace}/{_options.Name} is now held by '{_lease.Holder}'";
            }
        }
    }

    private async Task<bool> EndsWithinAsync(Task work, TimeSpan limit)
    {
        if (limit <= TimeSpan.Zero) return work.IsCompleted;
        using var enough = new CancellationTokenSource();
        var wait = Task.Delay(limit, time, enough.Token);
        var ended = await Task.WhenAny(work, wait) == work;
        await enough.CancelAsync();
        return ended;
    }

    private static LeaderElectionOptions Checked(LeaderElectionOptions options) =>
        options.Problem() is { } problem ? throw new ArgumentException(problem, nameof(options)) : options;

    private void SetLeading(bool leading)
    {
        _leading = leading;
        RuntimeMetrics.MasterStatus.Record(leading ? 1 : 0, _tag);
        if (leading) LogLeading(_options.Name, _options.Identity);
    }

    [LoggerMessage(LogLevel.Information, "Waiting for the lease {Namespace}/{Name} as {Identity}")]
    private partial void LogWaiting(string @namespace, string name, string identity);

    [LoggerMessage(LogLevel.Information, "This process leads: it holds the lease {Name} as {Identity}")]
    private partial void LogLeading(string name, string identity);

    [LoggerMessage(LogLevel.Error, "Leadership by the lease {Name} is lost; this process tries to acquire it again: {Reason}")]
    private partial void LogLost(string name, string reason);
}
