using BreakGlass.Operator.Journal;
using BreakGlass.Operator.Sessions;

namespace BreakGlass.Operator.Reconciling;

/// <summary>Brings one grant to where it should be: gathers facts, asks what to do, has it done, and asks again until there is nothing left to do.</summary>
internal sealed class GrantReconciler(
    ClusterCaches caches, LiveReads server, SealKeyring seals, PlanExecutor executor, EndSchedule ends, JournalSequencer? journal, CoreSettings settings,
    OperatorMetrics metrics, SteadyClock time, SessionInsights? insights = null)
    : IEntityController<BreakGlassGrant>
{
    /// <summary>An undisturbed grant takes about ten rounds from end to end; more than this is a mistake of ours and must not spin.</summary>
    private const int MostRounds = 40;

    /// <summary>The longest that one look waits for seal keys that are not known yet.</summary>
    private static readonly TimeSpan SealPatience = TimeSpan.FromSeconds(2);

    /// <summary>By grant, the run that its next run goes on from. In memory only, of grants that are not over.</summary>
    private readonly ConcurrentDictionary<string, LiveRun> _runs = new();

    /// <inheritdoc/>
    public Task<ReconciliationResult<BreakGlassGrant>> ReconcileAsync(BreakGlassGrant grant, CancellationToken cancellationToken) =>
        ReconcileAsync(grant.Metadata.Name, cancellationToken);

    /// <summary>Removes what a grant left behind: it can outlive the grant.</summary>
    public Task<ReconciliationResult<BreakGlassGrant>> DeletedAsync(string name, CancellationToken cancellationToken) =>
        ReconcileAsync(name, cancellationToken);

    /// <summary>One run. Each round reads the grant from the cache, because the round before may have written it.</summary>
    private async Task<ReconciliationResult<BreakGlassGrant>> ReconcileAsync(string name, CancellationToken cancellationToken)
    {
        if (!_runs.TryRemove(name, out var run)) run = new(GrantRun.Fresh);
        try
        {
            return await RunAsync(name, run, cancellationToken);
        }
        finally
        {
            if (run.Again(time.GetUtcNow()) is { } next) _runs[name] = next;
        }
    }

    private async Task<ReconciliationResult<BreakGlassGrant>> RunAsync(string name, LiveRun run, CancellationToken cancellationToken)
    {
        for (var round = 0; round < MostRounds; round++)
        {
            var facts = await GatherAsync(name, run, cancellationToken);
            if (facts.Grant is { } waiting && CacheTransforms.LacksRequest(waiting))
            {
                await server.ReadWholeAsync(waiting, run, cancellationToken);
                continue;
            }

            var plan = run.Run.Next(facts);
            if (plan.Steps.Count == 0)
            {
                run.ProofError?.Throw();
                return Rest(facts, plan, run);
            }

            if (facts.Grant is { } part && !ReferenceEquals(part, run.Whole) && CacheTransforms.IsShed(part))
            {
                await server.ReadWholeAsync(part, run, cancellationToken);
                continue;
            }

            if (!await ends.TryAsync(facts, plan, () => HasToEnd(name), token => executor.ExecuteAsync(facts, plan, run, token), cancellationToken)) continue;
            var pause = run.AfterRound(facts, plan);
            Measure(facts, plan, run.Run);
            if (pause is RunPause.None) continue;
            if (plan.Revokes) MeasureCut(facts, run.Run);
            return ReconciliationResult<BreakGlassGrant>.Success(facts.Grant, TimeSpan.Zero, pause is RunPause.AfterCut ? Lane.Normal : Lane.Background);
        }

        throw new InvalidOperationException($"Grant '{name}' did not settle in {MostRounds} rounds; retrying later.");
    }

    private async ValueTask<GrantFacts> GatherAsync(string name, LiveRun run, CancellationToken cancellationToken)
    {
        var facts = Gather(name, run);
        if (facts.Grant is not { } grant) return facts;
        if (GrantLifecycle.EndsWhateverSealsSay(facts)) return facts with { SealsUnknown = true, Seal = seals.Check.Of(grant), Approvals = [], Reviews = [] };

        // What is known of the seals is in memory nearly always. Where it is not, a grant that comes due meanwhile does not wait for it.
        var left = facts.Due?.At - facts.Now;
        var patience = left < SealPatience ? left.Value : SealPatience;
        IKubernetesObject<V1ObjectMeta>[] marked = [grant, .. facts.Policy is { } named ? (IKubernetesObject<V1ObjectMeta>[])[named] : [],
            .. facts.Authority is { } authority ? (IKubernetesObject<V1ObjectMeta>[])[authority] : [], .. facts.Approvals, .. facts.Reviews];
        var known = await seals.CanJudgeAsync(marked, patience, cancellationToken);
        return facts.JudgedBy(seals.Check) with { Now = time.GetUtcNow(), SealsUnknown = !known };
    }

    /// <summary>What is in memory, but for what seals say.</summary>
    private GrantFacts Gather(string name, LiveRun run)
    {
        var grant = caches.Grant(name);
        if (grant is not null && run.Whole is { } whole && whole.Metadata.Uid == grant.Metadata.Uid
            && whole.Metadata.ResourceVersion == grant.Metadata.ResourceVersion) grant = whole;
        var policy = grant is null ? null : caches.Policy(grant.Spec.Policy);
        var facts = new GrantFacts
        {
            Now = time.GetUtcNow(),
            Settings = settings,
            Name = name,
            Grant = grant,
            Policy = policy,
            Authority = caches.AuthorityOf(policy),
            VoucherUsedBy = grant is null ? null : OtherUse(grant),
            Approvals = caches.Approvals.Store.ByIndex(ClusterCaches.ByGrant, name),
            Reviews = caches.Reviews.Store.ByIndex(ClusterCaches.ByGrant, name),
            Lockdowns = [.. caches.Lockdowns.Store.List().Select(seals.Check.Believed)],
            Siblings = grant is not null && policy is not null && AsksAboutOthers(grant, policy.Spec)
                ? [.. caches.Grants.Store.ByIndex(ClusterCaches.ByPolicy, grant.Spec.Policy).Where(g => g.Metadata.Name != name)]
                : [],
            Cluster = caches.View.Now(),
            Objects = caches.ObjectsOf(name),
            ClockSkew = time.Skew,
            Journal = grant is null ? null : journal?.Facts(grant),
        };
        return run.Of(grant?.Metadata.Uid).Known(insights?.With(facts) ?? facts);
    }

    /// <summary>
    /// Another grant that was given access by the same voucher. The authority's status says it, too; the grants say it also after the authority was deleted
    /// and created again.
    /// </summary>
    private string? OtherUse(BreakGlassGrant grant) => !grant.Status.IsRecorded && VoucherRules.StampOf(grant) is { } id
        ? caches.Grants.Store.ByIndex(ClusterCaches.ByVoucher, id)
            .FirstOrDefault(g => g.Metadata.Uid != grant.Metadata.Uid && g.Status.IsRecorded && g.Spec.Policy == grant.Spec.Policy)?.Metadata.Name
        : null;

    /// <summary>Only a grant that is not decided yet is compared with the policy's others, of which there may be thousands.</summary>
    private static bool AsksAboutOthers(BreakGlassGrant grant, PolicySpec policy) =>
        !grant.Status.IsRecorded && !grant.Status.IsTerminal
        && (policy.Limits is not null || policy.EmergencyBypass is not null || ReviewRules.Blocks(policy));

    private bool HasToEnd(string name) => GrantLifecycle.HasToEnd(Gather(name, new(GrantRun.Fresh)));

    private static ReconciliationResult<BreakGlassGrant> Rest(GrantFacts facts, GrantPlan plan, LiveRun run)
    {
        var isObstructed = run.Run.Findings.Obstructions.Count > 0;
        run.AtRest(facts);
        return EndSchedule.Next(facts, plan.LookAgainAt, isObstructed);
    }

    /// <summary>What was written, once it is: a write that failed is decided again.</summary>
    private void Measure(GrantFacts facts, GrantPlan plan, GrantRun run)
    {
        foreach (var write in plan.Steps.OfType<PlanStep.WriteStatus>())
        {
            if (write.Status.Phase is GrantPhase.Active && facts.Grant!.Status.Phase is not GrantPhase.Active && facts.Grant.Metadata.CreatedAt is { } created)
            {
                // creationTimestamp has whole seconds, and the record of the decision follows creation within milliseconds.
                var since = created > facts.Grant.Status.ActivatedAt ? created : facts.Grant.Status.ActivatedAt ?? created;
                if (since - created > TimeSpan.FromSeconds(2)) since = created;
                metrics.TimeToAccess(facts.Now - since);
            }
            else if (Conditions.IsTrue(write.Status.Conditions, GrantConditions.Revoked) && facts.Grant is { } proven
                && !Conditions.IsTrue(proven.Status.Conditions, GrantConditions.Revoked))
            {
                metrics.RevocationVerified(facts.Now - (run.DueSince ?? proven.Status.EndedAt ?? facts.Now));
            }
        }
    }

    private void MeasureCut(GrantFacts facts, GrantRun run)
    {
        if (run.DueSince is { } due && facts.Grant is { } grant && !grant.Status.IsTerminal) metrics.RevocationLag(time.GetUtcNow() - due);
    }
}
