namespace Kube.Runtime;

/// <summary>One candidate's view of the Lease object, and the writes to it.</summary>
internal sealed partial class LeaseLock(KubeClient client, LeaderElectionOptions options, TimeProvider time, ILogger logger)
{
    private readonly KeyValuePair<string, object?> _tag = new("name", options.Name);

    // As the server last gave it to us as ours: the fast path writes it back without reading.
    private V1Lease? _ours;
    private V1LeaseSpec? _observed;
    private long _observedAt;
    private long _renewedAt = time.GetTimestamp();

    public string? Holder => Volatile.Read(ref _observed)?.HolderIdentity is { Length: > 0 } holder ? holder : null;

    public string? LastError { get; private set; }

    /// <summary>Counted from when the request was sent: others may count from any moment after it.</summary>
    public TimeSpan SinceRenewal => time.GetElapsedTime(Volatile.Read(ref _renewedAt));

    /// <summary>
    /// The time until the observed lease runs out if its holder does not renew it, rounded up to whole milliseconds because timers count in them. Zero or
    /// less if the lease is free.
    /// </summary>
    public TimeSpan UntilFree => Holder is null
        ? TimeSpan.Zero
        : TimeSpan.FromMilliseconds(Math.Ceiling((DurationOf(_observed) - time.GetElapsedTime(_observedAt)).TotalMilliseconds));

    /// <summary>Takes the lease if it is free, renews it if it is ours.</summary>
    public async Task<LeaseState> TryAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(limit, time);
        using var call = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            var state = await TryAsync(call.Token);
            LastError = null;
            return state;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Failed($"the API server did not answer within {limit.TotalSeconds:0.#} s");
        }
        catch (Exception e) when (e.IsNoBug && e is not OperationCanceledException)
        {
            Failed(e.Message);
        }

        return LeaseState.Unknown;
    }

    /// <summary>Gives the lease back if it is still ours. Best effort: without it the next leader waits for the lease to run out.</summary>
    public async Task ReleaseAsync()
    {
        using var timeout = new CancellationTokenSource(options.CallTimeout, time);
        try
        {
            while (!await TryReleaseAsync(timeout.Token))
            {
                // A conflict: read it again.
            }
        }
        catch (Exception e) when (e.IsNoBug)
        {
            LogNotReleased(options.Name, options.LeaseDuration, e.Message);
        }
    }

    private async Task<LeaseState> TryAsync(CancellationToken cancellationToken)
    {
        var sent = time.GetTimestamp();
        if (_ours is { } ours)
        {
            try
            {
                Accept(await client.ReplaceAsync(Renewed(ours), cancellationToken), sent);
                return LeaseState.Ours;
            }
            catch (KubeApiException e) when (e.IsConflict || e.IsNotFound)
            {
                RuntimeMetrics.SlowPath.Add(1, _tag);
                sent = time.GetTimestamp();
            }
        }

        var lease = await client.TryGetAsync<V1Lease>(options.Name, options.Namespace, cancellationToken);
        if (lease is null)
        {
            var first = Renewed(new() { Metadata = new() { Name = options.Name, NamespaceProperty = options.Namespace } });
            Accept(await client.CreateAsync(first, cancellationToken), sent);
            return LeaseState.Ours;
        }

        Observe(lease.Spec);
        if (!IsFreeOrOurs(lease.Spec))
        {
            _ours = null;
            return LeaseState.Foreign;
        }

        sent = time.GetTimestamp();
        Accept(await client.ReplaceAsync(Renewed(lease), cancellationToken), sent);
        return LeaseState.Ours;
    }

    private async Task<bool> TryReleaseAsync(CancellationToken cancellationToken)
    {
        var lease = await client.TryGetAsync<V1Lease>(options.Name, options.Namespace, cancellationToken);
        if (lease?.Spec?.HolderIdentity != options.Identity) return true;
        var now = time.GetUtcNow().UtcDateTime;
        try
        {
            var released = lease.Spec with { HolderIdentity = null, LeaseDurationSeconds = 1, AcquireTime = now, RenewTime = now };
            await client.ReplaceAsync(lease with { Spec = released }, cancellationToken);
            LogReleased(options.Name);
            return true;
        }
        catch (KubeApiException e) when (e.IsConflict)
        {
            return false;
        }
    }

    private V1Lease Renewed(V1Lease lease)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var spec = lease.Spec ?? new();
        var wasOurs = spec.HolderIdentity == options.Identity;
        var isNew = lease.Metadata.ResourceVersion is null;
        return lease with
        {
            Spec = spec with
            {
                HolderIdentity = options.Identity,
                LeaseDurationSeconds = (int)options.LeaseDuration.TotalSeconds,
                AcquireTime = wasOurs ? spec.AcquireTime : now,
                RenewTime = now,
                LeaseTransitions = (spec.LeaseTransitions ?? 0) + (wasOurs || isNew ? 0 : 1),
            },
        };
    }

    private void Accept(V1Lease lease, long sent)
    {
        _ours = lease;
        Observe(lease.Spec);
        Volatile.Write(ref _renewedAt, sent);
    }

    /// <summary>Remembers when the record was seen to change; its own times are the holder's clock and say nothing here.</summary>
    private void Observe(V1LeaseSpec? spec)
    {
        if (spec == _observed) return;
        if (spec?.HolderIdentity != _observed?.HolderIdentity && spec?.HolderIdentity is { Length: > 0 } holder && holder != options.Identity)
        {
            LogHolder(options.Name, holder);
        }

        Volatile.Write(ref _observed, spec);
        _observedAt = time.GetTimestamp();
    }

    private bool IsFreeOrOurs(V1LeaseSpec? spec)
    {
        if (string.IsNullOrEmpty(spec?.HolderIdentity) || spec.HolderIdentity == options.Identity) return true;
        return time.GetElapsedTime(_observedAt) >= DurationOf(spec);
    }

    private TimeSpan DurationOf(V1LeaseSpec? spec) =>
        spec?.LeaseDurationSeconds is { } seconds and > 0 ? TimeSpan.FromSeconds(seconds) : options.LeaseDuration;

    private void Failed(string error)
    {
        // Every two seconds the same line would bury the others.
        if (error != LastError) LogFailed(options.Namespace, options.Name, error);
        LastError = error;
    }

    [LoggerMessage(LogLevel.Warning, "The lease {Namespace}/{Name} could not be acquired or renewed and will be retried: {Error}")]
    private partial void LogFailed(string @namespace, string name, string error);

    [LoggerMessage(LogLevel.Information, "The lease {Name} is held by {Holder}")]
    private partial void LogHolder(string name, string holder);

    [LoggerMessage(LogLevel.Information, "The lease {Name} is released")]
    private partial void LogReleased(string name);

    [LoggerMessage(LogLevel.Warning, "The lease {Name} could not be released, so the next leader has to wait {LeaseDuration}: {Error}")]
    private partial void LogNotReleased(string name, TimeSpan leaseDuration, string error);
}
