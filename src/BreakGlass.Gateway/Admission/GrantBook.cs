using System.Collections.Concurrent;
using BreakGlass.Core.Rules;
using BreakGlass.Gateway.Cutting;

namespace BreakGlass.Gateway.Admission;

/// <summary>
/// What the gateway knows of grants, policies and lockdowns: a watch, and live reads beside it, because a watch can be dead without a sign of it. Also when
/// the API server was heard last: its silence must not keep a grant open, nor let one in.
/// </summary>
internal sealed class GrantBook : IDisposable
{
    /// <summary>How often a grant in use is read again, and how often the API server is asked for something if none is in use.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(3);

    private readonly KubeClient _reads;
    private readonly TimeProvider _time;
    private readonly TimeSpan _stalenessLimit;
    private readonly Informer<BreakGlassGrant> _grants;
    private readonly Informer<BreakGlassPolicy> _policies;
    private readonly Informer<BreakGlassLockdown> _lockdowns;
    private readonly ConcurrentDictionary<string, Look> _looks = new();
    private readonly ILogger _logger;
    private long _heard;
    private object? _heardAt;
    private int _stale;

    public GrantBook(KubeClient client, TimeSpan stalenessLimit, TimeProvider time, ILogger logger)
    {
        (_time, _stalenessLimit, _logger, _heard) = (time, stalenessLimit, logger, time.GetTimestamp());
        _reads = client.WithDeadline(Deadline);
        _grants = new(client, new() { Transform = Kept }, time, logger);
        _policies = new(client, new() { Transform = Kept }, time, logger);
        _lockdowns = new(client, new(), time, logger);
        _grants.AddHandler(change =>
        {
            Heard();
            Changed?.Invoke(change.Object.Metadata.Name);
        });
        _policies.AddHandler(change =>
        {
            Heard();
            PolicyChanged?.Invoke(change.Object.Metadata.Name);
        });
        _lockdowns.AddHandler(_ =>
        {
            Heard();
            LockdownsChanged?.Invoke();
        });
    }

    /// <summary>Called with the name of a grant that changed, after the book knows it; it must be quick.</summary>
    public Action<string>? Changed { get; set; }

    /// <summary>The same for a policy.</summary>
    public Action<string>? PolicyChanged { get; set; }

    /// <summary>The same, if a lockdown came or went.</summary>
    public Action? LockdownsChanged { get; set; }

    /// <summary>Which grants are in use: they are read again all the time.</summary>
    public Func<IReadOnlyList<string>> InUse { get; set; } = static () => [];

    /// <summary>When the API server was heard last; null if it was not yet.</summary>
    public DateTimeOffset? HeardAt => Volatile.Read(ref _heardAt) as DateTimeOffset?;

    /// <summary>Whether the API server was silent for too long.</summary>
    public bool IsStale => _time.GetElapsedTime(Volatile.Read(ref _heard)) > _stalenessLimit;

    /// <summary>What is not there yet; empty if the book is complete.</summary>
    public IReadOnlyList<string> Missing() =>
    [
        .. _grants.HasSynced ? Array.Empty<string>() : ["breakglassgrants are not listed yet"],
        .. _policies.HasSynced ? Array.Empty<string>() : ["breakglasspolicies are not listed yet"],
        .. _lockdowns.HasSynced ? Array.Empty<string>() : ["breakglasslockdowns are not listed yet"],
        .. IsStale ? ["the API server does not answer, so nothing new is admitted"] : Array.Empty<string>(),
    ];

    /// <summary>What a restart may repair; empty if all is well.</summary>
    public IReadOnlyList<string> Ailments() =>
    [
        .. _grants.IsHealthy ? Array.Empty<string>() : ["the watch on breakglassgrants makes no progress"],
        .. _policies.IsHealthy ? Array.Empty<string>() : ["the watch on breakglasspolicies makes no progress"],
        .. _lockdowns.IsHealthy ? Array.Empty<string>() : ["the watch on breakglasslockdowns makes no progress"],
    ];

    /// <summary>Runs until it is cancelled, or a part of it breaks.</summary>
    public async Task RunAsync(CancellationToken cancellationToken) => await await Task.WhenAny(
        _grants.RunAsync(cancellationToken), _policies.RunAsync(cancellationToken), _lockdowns.RunAsync(cancellationToken),
        _time.EveryAsync(Period, atOnce: true, ReadAgainAsync, cancellationToken));

    /// <summary>Waits until everything was listed.</summary>
    public Task WaitForSyncAsync(CancellationToken cancellationToken) => Task.WhenAll(
        _grants.WaitForSyncAsync(cancellationToken), _policies.WaitForSyncAsync(cancellationToken), _lockdowns.WaitForSyncAsync(cancellationToken));

    /// <summary>A grant as it is known now.</summary>
    public BreakGlassGrant? Get(string name) => _grants.Store.Get(new("", name));

    /// <summary>The policy of a grant, if it is the one that allowed it.</summary>
    private BreakGlassPolicy? PolicyOf(BreakGlassGrant grant) =>
        _policies.Store.Get(new("", grant.Spec.Policy)) is { } policy && policy.Metadata.Uid == grant.Status.PolicyUid ? policy : null;

    /// <summary>
    /// Why a grant gives no access now though it has not ended: a lockdown, or its policy is suspended. The operator ends it; until then, nothing of it
    /// passes.
    /// </summary>
    public string? StopOf(BreakGlassGrant grant)
    {
        var policy = PolicyOf(grant);
        if (LockdownRules.For(policy, _lockdowns.Store.List()) is { } lockdown) return GatewaySentences.Lockdown(grant, lockdown);
        return policy is { Spec.Suspended: true } ? GatewaySentences.Suspended(grant) : null;
    }

    /// <summary>Whether the holder of a grant may act as another user.</summary>
    public bool MayImpersonate(BreakGlassGrant grant) => PolicyOf(grant)?.Spec.AllowPersistence.Contains(ApiWords.Impersonate) is true;

    /// <summary>
    /// Sees to it that what is known of a grant was read not long ago. Nothing is read of a grant that is over: it stays over.
    /// </summary>
    /// <returns>Whether it could be.</returns>
    public async Task<bool> ConfirmAsync(GrantCertificate named, CancellationToken cancellationToken)
    {
        if (Get(named.Grant) is { Status.IsTerminal: true } held && held.Metadata.Uid == named.Uid) return true;
        var look = _looks.GetOrAdd(named.Grant, static _ => new());
        if (look.At is { } at && _time.GetElapsedTime(at) <= _stalenessLimit) return true;
        await look.Gate.WaitAsync(cancellationToken);
        try
        {
            if (look.At is { } read && _time.GetElapsedTime(read) <= _stalenessLimit) return true;
            return await ReadAsync(named.Grant, look, cancellationToken);
        }
        finally
        {
            look.Gate.Release();
        }
    }

    private async Task ReadAgainAsync(CancellationToken cancellationToken)
    {
        var names = InUse();
        foreach (var unused in _looks.Keys.Except(names)) _looks.TryRemove(unused, out _);
        if (names.Count == 0) await HearAsync(cancellationToken);
        else
        {
            await Parallel.ForEachAsync(names, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancellationToken },
                async (name, token) => await ReadAsync(name, _looks.GetOrAdd(name, static _ => new()), token));
        }

        var stale = IsStale ? 1 : 0;
        if (Interlocked.Exchange(ref _stale, stale) == stale) return;
        if (stale == 1) _logger.Stale(_stalenessLimit.TotalSeconds);
        else _logger.FreshAgain();
    }

    public void Dispose() => _reads.Dispose();

    /// <summary>Reads one grant past the watch.</summary>
    private async Task<bool> ReadAsync(string name, Look look, CancellationToken cancellationToken)
    {
        var asked = _time.GetTimestamp();
        var before = Get(name); // what the watch brings after the question, the answer does not contradict
        try
        {
            if (await _reads.TryGetAsync<BreakGlassGrant>(name, null, cancellationToken) is { } grant)
            {
                // One of the same name that was deleted meanwhile is not in the answer, and the store takes no older version of this one.
                if (before is { } held && held.Metadata.Uid != grant.Metadata.Uid) _grants.Store.LearnDeleted(held.Key, held.Metadata.Uid);
                _grants.Store.LearnRead(grant);
            }
            else if (before is { } gone)
            {
                _grants.Store.LearnDeleted(gone.Key, gone.Metadata.Uid);
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is KubeApiException or KubeConnectionException or KubeConfigException)
        {
            _logger.GrantNotRead(name, e.Message);
            return false;
        }

        look.At = asked;
        Heard();
        Changed?.Invoke(name);
        return true;
    }

    /// <summary>Asks for something that only a working API server can answer.</summary>
    private async Task HearAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _reads.ListPageAsync<BreakGlassGrant>(new() { Limit = 1 }, cancellationToken);
            Heard();
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is KubeApiException or KubeConnectionException or KubeConfigException)
        {
            _logger.NotHeard(e.Message);
        }
    }

    private void Heard()
    {
        Volatile.Write(ref _heard, _time.GetTimestamp());
        Volatile.Write(ref _heardAt, _time.GetUtcNow());
    }

    /// <summary>What a decision here reads of a grant; there may be thousands that are over.</summary>
    private static BreakGlassGrant Kept(BreakGlassGrant grant) => new()
    {
        Metadata = Kept(grant.Metadata),
        Spec = new() { Policy = grant.Spec.Policy, Revoke = grant.Spec.Revoke },
        Status = new()
        {
            Phase = grant.Status.Phase, ExpiresAt = grant.Status.ExpiresAt, EndedAt = grant.Status.EndedAt, EndReason = grant.Status.EndReason,
            PolicyUid = grant.Status.PolicyUid, Path = grant.Status.Path, Recording = grant.Status.Recording,
            Gateway = grant.Status.IsTerminal ? null : grant.Status.Gateway,
            ServiceAccount = grant.Status.ServiceAccount, CredentialSecret = grant.Status.CredentialSecret,
            Bindings = grant.Status.IsTerminal ? [] : Narrowing.Given(grant.Status.Bindings),
            Conditions = [.. grant.Status.Conditions.Where(c => c.Type == GrantConditions.Active)],
        },
    };

    private static BreakGlassPolicy Kept(BreakGlassPolicy policy) => new()
    {
        Metadata = Kept(policy.Metadata) with { Labels = policy.Metadata.Labels },
        Spec = new() { AllowPersistence = policy.Spec.AllowPersistence, Suspended = policy.Spec.Suspended },
    };

    private static V1ObjectMeta Kept(V1ObjectMeta metadata) => new()
    {
        Name = metadata.Name, Uid = metadata.Uid, ResourceVersion = metadata.ResourceVersion, DeletionTimestamp = metadata.DeletionTimestamp,
    };

    private sealed class Look
    {
        public SemaphoreSlim Gate { get; } = new(1);

        public long? At
        {
            get => Volatile.Read(ref _at) as long?;
            set => Volatile.Write(ref _at, value);
        }

        private object? _at;
    }
}
