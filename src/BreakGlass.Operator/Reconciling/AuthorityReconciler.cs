namespace BreakGlass.Operator.Reconciling;

/// <summary>Keeps an authority's status true. Grants that its change ends are ended by each grant's own run, on the lane of revocations.</summary>
internal sealed class AuthorityReconciler(KubeClient client, ClusterCaches caches, SealKeyring seals, Announcer announcer, TimeProvider time)
    : IEntityController<BreakGlassAuthority>
{
    public async Task<ReconciliationResult<BreakGlassAuthority>> ReconcileAsync(BreakGlassAuthority authority, CancellationToken cancellationToken)
    {
        // An authority is not called unsealed because the keys cannot be read for a while.
        if (!await seals.CanJudgeAsync([authority], SealKeyring.Period, cancellationToken))
            return ReconciliationResult<BreakGlassAuthority>.Success(authority, time.GetUtcNow() + SealKeyring.Period, Lane.Background);

        var plan = AuthorityLifecycle.Decide(new()
        {
            Now = time.GetUtcNow(), Authority = authority, Seal = seals.Check.Of(authority), IsTimeCertain = time.CertainNow() is not null,
        });
        var next = authority with { Status = plan.Status };
        if (!KubeKinds.Same(authority, next))
        {
            try
            {
                // Under the resourceVersion of what was judged: the use of a voucher that came meanwhile is not lost.
                var written = await client.ReplaceStatusAsync(next, cancellationToken);
                caches.Learn(written);
                foreach (var happened in plan.Events) announcer.Announce(written, happened);
            }
            catch (KubeApiException e) when (e.IsNotFound)
            {
                return ReconciliationResult<BreakGlassAuthority>.Success(null);
            }
        }

        return ReconciliationResult<BreakGlassAuthority>.Success(authority, plan.LookAgainAt, Lane.Background);
    }
}
