using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Drills;

/// <summary>How a drill uses access: it asks, as the grant's identity, for something that each of the grant's roles allows.</summary>
public static class DrillQuestions
{
    private const int Most = 20;

    /// <summary>The questions, one for each role and place of the grant; none if no role allows a request on a resource.</summary>
    /// <param name="grant">An active grant.</param>
    /// <param name="cluster">The roles.</param>
    public static IReadOnlyList<V1ResourceAttributes> Of(BreakGlassGrant grant, ClusterView cluster) =>
    [
        .. grant.Status.Bindings.DistinctBy(b => (b.Role, b.Namespace)).Select(b => (Rules: RulesOf(b, cluster), b.Namespace))
            .Where(b => b.Rules.Any(AccessQuestions.CanBeAsked)).Take(Most)
            .Select(b => AccessQuestions.For(grant, b.Rules, b.Namespace).ResourceAttributes),
    ];

    private static IReadOnlyList<V1PolicyRule> RulesOf(BindingRecord binding, ClusterView cluster) => binding.Role.Split('/', 2) is [var kind, var name]
        ? cluster.RulesOf(new() { Kind = kind, Name = name }, binding.Namespace) : [];
}
