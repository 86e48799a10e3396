namespace BreakGlass.Operator.Caching;

/// <summary>The view of the cluster that decisions are made on, over the caches.</summary>
internal sealed class CachedView(Store<V1Namespace> namespaces, Store<V1ClusterRole> clusterRoles, Store<V1Role> roles)
{
    public ClusterView Now() => new(
        namespaces.List(), name => clusterRoles.Get(new("", name)), (ns, name) => roles.Get(new(ns, name)) is { } role && !CacheTransforms.IsTooLarge(role)
            ? role : null,
        name => namespaces.Get(new("", name)));
}
