using BreakGlass.Core.Rules;
using k8s;
using k8s.Models;
using Kube.Client;

namespace TestKit.Builders;

/// <summary>What decisions see of a cluster.</summary>
public static class AView
{
    /// <summary>A cluster of these namespaces, ClusterRoles and Roles, and nothing else.</summary>
    public static ClusterView Of(params IKubernetesObject<V1ObjectMeta>[] objects) => Of((IReadOnlyCollection<IKubernetesObject<V1ObjectMeta>>)objects);

    /// <summary>A cluster of these namespaces, ClusterRoles and Roles, and nothing else.</summary>
    public static ClusterView Of(IReadOnlyCollection<IKubernetesObject<V1ObjectMeta>> objects)
    {
        var namespaces = objects.OfType<V1Namespace>().ToDictionary(n => n.Metadata.Name);
        var clusterRoles = objects.OfType<V1ClusterRole>().ToDictionary(r => r.Metadata.Name);
        var roles = objects.OfType<V1Role>().ToDictionary(r => (r.Metadata.NamespaceProperty ?? "", r.Metadata.Name));
        return new(namespaces.Values, n => clusterRoles.GetValueOrDefault(n), (ns, n) => roles.GetValueOrDefault((ns, n)),
            n => namespaces.GetValueOrDefault(n));
    }

    /// <summary>The cluster of the examples: namespaces payments, shop and kube-system, the ClusterRoles edit and view.</summary>
    public static ClusterView Usual(params IKubernetesObject<V1ObjectMeta>[] more) => Of([.. UsualObjects, .. more]);

    /// <summary>What <see cref="Usual"/> holds.</summary>
    public static IReadOnlyList<IKubernetesObject<V1ObjectMeta>> UsualObjects { get; } =
    [
        A.Namespace("payments", ("team", "payments")), A.Namespace("shop", ("team", "shop")), A.Namespace("kube-system"),
        A.Namespace("breakglass-grants"), A.Namespace("breakglass-system"),
        A.ClusterRole("edit", A.Rule("apps", "deployments", "get", "update")), A.ClusterRole("view", A.Rule("", "pods", "get", "list")),
    ];
}
