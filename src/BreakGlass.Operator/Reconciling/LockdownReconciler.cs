namespace BreakGlass.Operator.Reconciling;

/// <summary>Keeps a lockdown's status true. What the lockdown ends is ended by each grant's own run, on the lane of revocations.</summary>
internal sealed class LockdownReconciler(KubeClient client, ClusterCaches caches, SealKeyring seals, Announcer announcer, TimeProvider time)
    : IEntityController<BreakGlassLockdown>
{
    public async Task<ReconciliationResult<BreakGlassLockdown>> ReconcileAsync(BreakGlassLockdown lockdown, CancellationToken cancellationToken)
    {
        var known = seals.Check.Believed(lockdown);
        var plan = LockdownLifecycle.Decide(new() { Now = time.GetUtcNow(), Lockdown = known, Grants = caches.Grants.Store.List(), Policy = caches.Policy });
        var next = lockdown with { Status = plan.Status };
        if (!KubeKinds.Same(lockdown, next))
        {
            try
            {
                var written = await client.ReplaceStatusAsync(next, cancellationToken);
                caches.Learn(written);
                foreach (var happened in plan.Events) announcer.Announce(written with { Spec = known.Spec }, happened);
            }
            catch (KubeApiException e) when (e.IsNotFound)
            {
                // It was lifted meanwhile.
                return ReconciliationResult<BreakGlassLockdown>.Success(null);
            }
        }

        return ReconciliationResult<BreakGlassLockdown>.Success(lockdown, plan.LookAgainAt);
    }
}
