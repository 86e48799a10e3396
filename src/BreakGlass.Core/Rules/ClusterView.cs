namespace BreakGlass.Core.Rules;

/// <summary>What decisions need to know of the cluster: a view of caches, read without waiting.</summary>
/// <param name="Namespaces">All namespaces.</param>
/// <param name="ClusterRole">A ClusterRole by name, or null.</param>
/// <param name="Role">A Role by namespace and name, or null.</param>
/// <param name="Namespace">A namespace by name, or null.</param>
public sealed record ClusterView(
    IReadOnlyCollection<V1Namespace> Namespaces,
    Func<string, V1ClusterRole?> ClusterRole,
    Func<string, string, V1Role?> Role,
    Func<string, V1Namespace?> Namespace)
{
    /// <summary>Whether there is such a namespace.</summary>
    public bool HasNamespace(string name) => Namespace(name) is not null;

    /// <summary>The rules of a role as they are now; none where it is gone.</summary>
    public IReadOnlyList<V1PolicyRule> RulesOf(RoleReference role, string? ns) => role.Kind == V1Role.KubeKind
        ? (ns is null ? null : Role(ns, role.Name))?.RulesOrEmpty ?? []
        : ClusterRole(role.Name)?.RulesOrEmpty ?? [];
}
