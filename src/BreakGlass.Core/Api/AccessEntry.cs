using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>A role, and the places in which it is given.</summary>
[ValidationRule("[has(self.namespaces), has(self.namespaceSelector), has(self.clusterWide) && self.clusterWide].filter(x, x).size() == 1",
    message: Sentences.OnePlace)]
[ValidationRule("self.roleRef.kind != 'Role' || has(self.namespaces)", message: "roleRef.kind: " + Sentences.RoleNeedsNamespaces)]
public sealed record AccessEntry
{
    /// <summary>The entry's name, unique in the policy. Grants select entries by name.</summary>
    [Required, Length(1, Bounds.LongestName), Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The role that is given.</summary>
    [Required]
    public RoleReference RoleRef { get; init => field = value ?? new(); } = new();

    /// <summary>The namespaces in which the role is given.</summary>
    [Items(1, 256), ItemLength(63), ListSet]
    public IReadOnlyList<string> Namespaces { get; init => field = value ?? []; } = [];

    /// <summary>
    /// Gives the role in every namespace with matching labels, also in those that match later while a grant is active. It never selects kube-system,
    /// kube-public, kube-node-lease and the namespaces of --protected-namespaces: list those in namespaces.
    /// </summary>
    public LabelSelector? NamespaceSelector { get; init; }

    /// <summary>If true, the role is given in the whole cluster.</summary>
    public bool? ClusterWide { get; init; }
}
