namespace BreakGlass.Core.Leftovers;

/// <summary>
/// What a grant's identity creates carries the grant's UID as a label, by which it is found again; where the policy says Remove, it also belongs to
/// the grant's own binding there, so that the cluster's garbage collector takes it away with that.
/// </summary>
public static class StampRules
{
    /// <summary>Kinds that are questions, messages or heartbeats rather than objects that stay, and our own.</summary>
    private static readonly string[] NotKept = ["authentication.k8s.io", "authorization.k8s.io", "events.k8s.io", "coordination.k8s.io", BreakGlassApi.Group];

    /// <summary>
    /// What is never removed, since more than the grant's own work would go with it: what others put into a namespace, the objects of a kind, and data.
    /// </summary>
    private static readonly (string Group, string Resource)[] NeverRemoved =
    [
        ("", "namespaces"), ("", "persistentvolumeclaims"), ("", "persistentvolumes"), ("apiextensions.k8s.io", "customresourcedefinitions"), ("", "nodes"),
    ];

    private static readonly string[] NeverRemovedGroups = ["snapshot.storage.k8s.io"];

    /// <summary>Whether what is created of this kind is stamped.</summary>
    public static bool IsStamped(string group, string resource, string subresource) =>
        subresource.Length == 0 && !NotKept.Contains(group) && (group, resource) is not ("", "events");

    /// <summary>
    /// The binding that a new object is to belong to; null where it is to have no owner. An object in a namespace takes the grant's RoleBinding there, else a
    /// ClusterRoleBinding of the grant, which may own objects anywhere.
    /// </summary>
    /// <param name="policy">The grant's policy.</param>
    /// <param name="grant">The grant.</param>
    /// <param name="group">API group of what is created.</param>
    /// <param name="resource">Its resource, plural.</param>
    /// <param name="ns">Its namespace; empty for cluster-scoped kinds.</param>
    public static IReadOnlyList<BindingRecord> Owners(BreakGlassPolicy? policy, BreakGlassGrant grant, string group, string resource, string ns)
    {
        if (policy?.Spec.Leftovers is not LeftoverHandling.Remove || policy.Metadata.Uid != grant.Status.PolicyUid) return [];
        if (NeverRemoved.Contains((group, resource)) || NeverRemovedGroups.Contains(group)) return [];
        return
        [
            .. grant.Status.Bindings.Where(b => b.Kind == V1RoleBinding.KubeKind && ns.Length > 0 && b.Namespace == ns),
            .. grant.Status.Bindings.Where(b => b.Kind == V1ClusterRoleBinding.KubeKind),
        ];
    }
}
