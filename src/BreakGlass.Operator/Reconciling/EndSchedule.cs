namespace BreakGlass.Operator.Reconciling;

/// <summary>
/// All that gets a grant processed when its access has to end: when it is processed again and in which lane, an alarm that ignores retries and
/// waiting workers, and the cancellation of calls that open or keep access.
/// </summary>
internal sealed class EndSchedule(ClusterCaches caches, WorkQueue<string> alarms, WorkQueue<string> grants, CoreSettings settings, TimeProvider time)
    : IEntityController<BreakGlassGrant>
{
    /// <summary>
    /// The alarm's distance behind the grant's own timer, which is enough nearly always: a grant that is called while it is being cut would be ended
    /// to the last on the workers of those that are still to be cut.
    /// </summary>
    public static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(250);

    /// <summary>By grant, the calls of a run that open or keep access.</summary>
    private readonly ConcurrentDictionary<string, Upkeep> _upkeep = new();

    /// <summary>Sets the alarm for a grant that has an end.</summary>
    public void Set(BreakGlassGrant grant)
    {
        if (GrantEnd.Of(grant, settings) is { } end) alarms.AddAt(grant.Metadata.Name, end.At + Slack);
    }

    /// <summary>The alarm: queues the grant ahead of all other work, unless its access is cut already. What is left to do then is not urgent.</summary>
    public Task<ReconciliationResult<BreakGlassGrant>> ReconcileAsync(BreakGlassGrant grant, CancellationToken cancellationToken) =>
        Task.FromResult(ReconciliationResult<BreakGlassGrant>.Success(grant, Ring(grant)));

    /// <summary>
    /// The lane that a grant belongs in: the one of revocations if its end is due or was requested, the last if it is over and that is proven. A
    /// status says so of itself; what still gives access is cut before everything else, whatever the status says.
    /// </summary>
    public Lane LaneOf(BreakGlassGrant grant)
    {
        if (grant.Status.IsTerminal) return GivesAccess(grant) ? Lane.Urgent : grant.Status.AwaitsProof ? Lane.Normal : Lane.Background;
        if (GrantEnd.Of(grant, settings) is not { } end) return Lane.Normal;
        return grant.Metadata.DeletionTimestamp is not null || grant.Spec.Revoke is not null || end.At <= time.GetUtcNow() ? Lane.Urgent : Lane.Normal;
    }

    /// <summary>
    /// When a grant that rests is processed again (null for never), and in which lane. A removal that was refused is tried again behind the cuts of
    /// other grants.
    /// </summary>
    public static ReconciliationResult<BreakGlassGrant> Next(GrantFacts facts, DateTimeOffset? at, bool isObstructed)
    {
        if (at is not { } next) return ReconciliationResult<BreakGlassGrant>.Success(facts.Grant);
        var lane = isObstructed ? (facts.Due is null ? Lane.Background : Lane.Normal) : next >= facts.Due?.At ? Lane.Urgent : Lane.Normal;
        return ReconciliationResult<BreakGlassGrant>.Success(facts.Grant, next, lane);
    }

    /// <summary>Gets a grant processed ahead of all other work, because it may have to end.</summary>
    public void End(string name)
    {
        grants.Add(name, Lane.Urgent);
        GiveUp(name);
    }

    /// <summary>
    /// Cancels the calls that open or keep access for a grant, if it has to end now: a call that hangs does not delay the end. The same run then ends it.
    /// </summary>
    public void GiveUp(string name)
    {
        if (!_upkeep.TryGetValue(name, out var upkeep) || !upkeep.HasToEnd()) return;
        try
        {
            _ = upkeep.Calls.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It has come to its end meanwhile.
        }
    }

    /// <summary>
    /// Carries a plan out; false if it was cancelled because the grant has to end first, at its time or before (<paramref name="hasToEnd"/>).
    /// </summary>
    public async Task<bool> TryAsync(
        GrantFacts facts, GrantPlan plan, Func<bool> hasToEnd, Func<CancellationToken, Task> execute, CancellationToken cancellationToken)
    {
        if (plan.Cuts || facts.Due is not { } end || end.At <= facts.Now)
        {
            await execute(cancellationToken);
            return true;
        }

        using var untilOver = new CancellationTokenSource(end.At - facts.Now, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, untilOver.Token);
        try
        {
            if (plan.IsUpkeep && !GrantLifecycle.HasToEnd(facts))
            {
                // It may have come to have to end since it was decided.
                _upkeep[facts.Name] = new(untilOver, hasToEnd);
                GiveUp(facts.Name);
            }

            await execute(either.Token);
            return true;
        }
        catch (Exception) when (untilOver.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            _upkeep.TryRemove(facts.Name, out _);
        }
    }

    /// <summary>When to ring again; null for never.</summary>
    private DateTimeOffset? Ring(BreakGlassGrant grant)
    {
        if (GrantEnd.Of(grant, settings) is not { } end) return null;
        var now = time.GetUtcNow();
        if (end.At + Slack > now) return end.At + Slack;
        return GivesAccess(grant) && !grants.TryAdd(grant.Metadata.Name, Lane.Urgent) ? now + Again : null;
    }

    private bool GivesAccess(BreakGlassGrant grant) =>
        caches.ObjectsOf(grant.Metadata.Name).Exists(o => GrantLifecycle.IsOf(grant, o) && GrantLifecycle.GivesAccess(grant, o));

    private sealed record Upkeep(CancellationTokenSource Calls, Func<bool> HasToEnd);
}
