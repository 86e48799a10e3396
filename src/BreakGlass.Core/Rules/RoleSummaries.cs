namespace BreakGlass.Core.Rules;

/// <summary>What access entries hand out today.</summary>
public static class RoleSummaries
{
    /// <summary>What an entry hands out; of a Role in several namespaces, all of them together.</summary>
    public static RoleSummary Of(AccessEntry entry, ClusterView cluster)
    {
        var found = Found(entry, cluster);
        var rules = found.SelectMany(r => r).ToList();
        return new()
        {
            Name = entry.Name,
            Rules = rules.Count,
            Hash = found.Count == 0 ? null : RoleRisk.Hash(rules),
            Wildcard = rules.Exists(RoleRisk.HasWildcard),
            ReadsSecrets = rules.Exists(RoleRisk.ReadsSecrets),
            CanEscalate = rules.Exists(RoleRisk.CanEscalate),
            CanImpersonate = RoleRisk.CanImpersonate(rules),
            CanChangeAdmission = RoleRisk.CanChangeAdmission(rules),
            ActsThrough = ActingAs.Ways(rules),
        };
    }

    /// <summary>All rules that an entry gives, as far as its roles are there.</summary>
    public static IReadOnlyList<V1PolicyRule> RulesOf(AccessEntry entry, ClusterView cluster) => [.. Found(entry, cluster).SelectMany(r => r)];

    private static List<IReadOnlyList<V1PolicyRule>> Found(AccessEntry entry, ClusterView cluster) => entry.RoleRef.Kind == V1ClusterRole.KubeKind
        ? cluster.ClusterRole(entry.RoleRef.Name) is { } role && !IsUnfilled(role) ? [role.RulesOrEmpty] : []
        : [.. entry.Namespaces.Select(ns => cluster.Role(ns, entry.RoleRef.Name)?.RulesOrEmpty).OfType<IReadOnlyList<V1PolicyRule>>()];

    /// <summary>
    /// Whether an aggregated ClusterRole was not filled by the controller manager yet: what it will give is not known, so it is pinned once it is
    /// there, and is not said to have grown from nothing.
    /// </summary>
    private static bool IsUnfilled(V1ClusterRole role) => role.AggregationRule is not null && role.RulesOrEmpty.Count == 0;

    /// <summary>The roles that an entry names and that are not there, as people read them.</summary>
    public static IEnumerable<string> Missing(AccessEntry entry, ClusterView cluster)
    {
        if (entry.RoleRef.Kind == V1ClusterRole.KubeKind)
        {
            if (cluster.ClusterRole(entry.RoleRef.Name) is null) yield return $"ClusterRole '{entry.RoleRef.Name}'";
            yield break;
        }

        foreach (var ns in entry.Namespaces)
        {
            if (cluster.HasNamespace(ns) && cluster.Role(ns, entry.RoleRef.Name) is null) yield return $"Role '{ns}/{entry.RoleRef.Name}'";
        }
    }

    /// <summary>Whether a role changed since an author last wrote the policy: then the next change of the policy needs the author's own rights.</summary>
    public static bool AnyChanged(BreakGlassPolicy policy, ClusterView cluster) =>
        RolePins.Changed(policy.Spec.Access.Select(
            e => Of(e, cluster) with { PinnedHash = policy.Status.Roles.FirstOrDefault(r => r.Name == e.Name)?.PinnedHash })).Count > 0;
}
