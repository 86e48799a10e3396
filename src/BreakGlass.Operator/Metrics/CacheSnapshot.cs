using BreakGlass.Core.Drills;

namespace BreakGlass.Operator.Metrics;

/// <summary>Computes the gauges from the caches, so that a restart cannot make them lie.</summary>
internal sealed class CacheSnapshot(ClusterCaches caches, CoreSettings settings, SteadyClock time)
{
    /// <summary>An end that is being carried out right now is not late.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    /// <summary>Proof takes as long as an API server may keep the answer to a token, 10 s, and some tries.</summary>
    private static readonly TimeSpan ProofGrace = TimeSpan.FromMinutes(1);

    public MetricsSnapshot Take()
    {
        var all = caches.Grants.Store.List();
        var grants = all.ToLookup(g => g.Spec.Policy);
        return new()
        {
            At = time.GetUtcNow(),
            Policies = [.. caches.Policies.Store.List().Concat(GoneBeforeTheirReviews(all)).Select(p => Of(p, [.. grants[p.Metadata.Name]]))],
            Drills = [.. caches.Drills.Store.List().Select(d => Of(d))],
            LingeringGrants = Lingering(),
            UnprovenGrants = Unproven(all),
            ObstructedRevocations = all.Count(g => Conditions.IsTrue(g.Status.Conditions, GrantConditions.Obstructed)),
            Lockdowns = caches.Lockdowns.Store.Count,
            Authorities = [.. caches.Authorities.Store.List().Select(Of)],
            HasGateway = settings.HasGateway,
            ClockSkew = time.WorstSkew,
        };
    }

    /// <summary>Stand-ins for policies that are gone while grants of theirs wait for a review: who deletes a policy silences no alert.</summary>
    private IEnumerable<BreakGlassPolicy> GoneBeforeTheirReviews(IEnumerable<BreakGlassGrant> grants) =>
        grants.Where(g => g.Status.IsRecorded && Awaits(g) && caches.Policy(g.Spec.Policy) is null)
            .Select(g => g.Spec.Policy).Distinct().Select(name => new BreakGlassPolicy { Metadata = new() { Name = name } });

    private static DrillMetrics Of(BreakGlassDrill drill)
    {
        var passing = Conditions.Find(drill.Status.Conditions, DrillConditions.Passing)?.Status;
        var from = drill.Status.LastPassedAt ?? drill.Metadata.CreatedAt;
        var due = drill.Spec.Suspended || from is not { } at ? null : DrillSchedule.Of(drill.Spec, out _)?.Next(at);
        return new(drill.Metadata.Name, drill.Status.LastPassedAt, passing switch { "True" => true, "False" => false, _ => null }, due);
    }

    private PolicyMetrics Of(BreakGlassPolicy policy, List<BreakGlassGrant> grants) => new(policy.Metadata.Name)
    {
        Grants = grants.GroupBy(g => g.Status.Phase ?? GrantPhase.Pending).ToDictionary(g => g.Key, g => g.Count()),
        LastActivation = Latest(policy.Status.LastActivatedAt,
            grants.Where(g => g.Status.WasActive && !DrillRules.IsDrill(g, settings)).Max(g => g.Status.ActivatedAt)),
        ReviewsPending = grants.Count(g => Awaits(g) && !IsOverdue(g)),
        ReviewsOverdue = grants.Count(g => Awaits(g) && IsOverdue(g)),
        Overused = Conditions.IsTrue(policy.Status.Conditions, PolicyConditions.Overused),
    };

    private static AuthorityMetrics Of(BreakGlassAuthority authority) => new(authority.Metadata.Name)
    {
        RotationDue = Conditions.IsTrue(authority.Status.Conditions, AuthorityConditions.RotationDue),
        LastUse = authority.Status.Used.Where(u => u.Drill is null).Max(u => (DateTimeOffset?)u.At),
    };

    private static bool Awaits(BreakGlassGrant grant) => grant.Status.IsTerminal && grant.Status.AwaitsReview;

    private static bool IsOverdue(BreakGlassGrant grant) =>
        Conditions.Find(grant.Status.Conditions, GrantConditions.Reviewed)?.Reason == GrantConditions.ReviewOverdue;

    private int Lingering()
    {
        var at = time.GetUtcNow() - Grace;
        var cluster = caches.View.Now();
        var lockdowns = caches.Lockdowns.Store.List().Where(l => l.Metadata.CreatedAt <= at).ToList();
        return caches.LiveGrants.Count(g =>
            GrantLifecycle.EndsWhateverSealsSay(Facts(g, at, lockdowns, cluster))
            && caches.ObjectsOf(g.Metadata.Name).Exists(o => GrantLifecycle.IsOf(g, o) && GrantLifecycle.GivesAccess(g, o)));
    }

    private GrantFacts Facts(BreakGlassGrant grant, DateTimeOffset at, List<BreakGlassLockdown> lockdowns, ClusterView cluster)
    {
        var policy = caches.Policy(grant.Spec.Policy);
        return new()
        {
            Now = at, Settings = settings, Name = grant.Metadata.Name, Grant = grant, Policy = policy, Authority = caches.AuthorityOf(policy),
            Lockdowns = lockdowns, Cluster = cluster,
        };
    }

    private int Unproven(IEnumerable<BreakGlassGrant> grants)
    {
        var since = time.GetUtcNow() - ProofGrace;
        return grants.Count(g => g.Status.AwaitsProof && g.Status.EndedAt <= since);
    }

    private static DateTimeOffset? Latest(DateTimeOffset? a, DateTimeOffset? b) => a is null || b > a ? b : a;
}
