using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Operator.Caching;
using Kube.Client;
using Kube.Model;

namespace BreakGlass.Operator.Metrics;

/// <summary>Computes the gauges from the caches, so that a restart cannot make them lie.</summary>
internal sealed class CacheSnapshot(ClusterCaches caches, CoreSettings settings, ServerClock clock, TimeProvider time)
{
    /// <summary>An end that is being carried out right now is not late.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    public MetricsSnapshot Take()
    {
        var grants = caches.Grants.Store.List().ToLookup(g => g.Spec.Policy);
        return new()
        {
            Policies = [.. caches.Policies.Store.List().Select(p => Of(p, [.. grants[p.Metadata.Name]]))],
            LingeringGrants = Lingering(),
            ClockSkew = clock.Skew,
        };
    }

    private static PolicyMetrics Of(BreakGlassPolicy policy, List<BreakGlassGrant> grants) => new(policy.Metadata.Name)
    {
        Grants = grants.GroupBy(g => g.Status.Phase ?? GrantPhase.Pending).ToDictionary(g => g.Key, g => g.Count()),
        LastActivation = Latest(policy.Status.LastActivatedAt, grants.Max(g => g.Status.ActivatedAt)),
        ReviewsPending = grants.Count(g => Conditions.Find(g.Status.Conditions, "Reviewed")?.Status == "False"),
    };

    private int Lingering()
    {
        var now = time.GetUtcNow();
        return caches.LiveGrants.Count(g =>
            GrantLifecycle.DueAt(g, settings) is { } due && due + Grace <= now
            && caches.ObjectsOf(g.Metadata.Name).Exists(o => o is RoleBinding or ClusterRoleBinding));
    }

    private static DateTimeOffset? Latest(DateTimeOffset? a, DateTimeOffset? b) => a is null || b > a ? b : a;
}
