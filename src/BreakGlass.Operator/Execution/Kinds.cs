using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using k8s;
using k8s.Models;
using Kube.Client;

namespace BreakGlass.Operator.Execution;

/// <summary>The client's verbs over the kinds that are made for grants, and for reading over those that grants rest on, chosen by the object at hand.</summary>
internal static class Kinds
{
    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [V1RoleBinding.KubeKind, V1ClusterRoleBinding.KubeKind, V1Role.KubeKind, V1ServiceAccount.KubeKind, V1Secret.KubeKind];

    public static async Task<IKubernetesObject<V1ObjectMeta>> CreateAsync(this KubeClient client, IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken) => o switch
    {
        V1RoleBinding binding => await client.CreateAsync(binding, cancellationToken),
        V1ClusterRoleBinding binding => await client.CreateAsync(binding, cancellationToken),
        V1Role role => await client.CreateAsync(role, cancellationToken),
        V1ServiceAccount account => await client.CreateAsync(account, cancellationToken),
        V1Secret secret => Shell(await client.CreateAsync(secret, cancellationToken)),
        _ => throw Unknown(o),
    };

    public static async Task<IKubernetesObject<V1ObjectMeta>?> TryGetAsync(this KubeClient client, IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken)
    {
        var (name, ns) = (o.Metadata.Name, o.Metadata.NamespaceProperty);
        return o switch
        {
            V1RoleBinding => await client.TryGetAsync<V1RoleBinding>(name, ns, cancellationToken),
            V1ClusterRoleBinding => await client.TryGetAsync<V1ClusterRoleBinding>(name, null, cancellationToken),
            V1Role => await client.TryGetAsync<V1Role>(name, ns, cancellationToken),
            V1ServiceAccount => await client.TryGetAsync<V1ServiceAccount>(name, ns, cancellationToken),
            V1Secret or SecretMetadata => await client.TryGetAsync<SecretMetadata>(name, ns, cancellationToken),
            V1Namespace => await client.TryGetAsync<V1Namespace>(name, null, cancellationToken),
            BreakGlassGrant => await client.TryGetAsync<BreakGlassGrant>(name, null, cancellationToken),
            BreakGlassPolicy => await client.TryGetAsync<BreakGlassPolicy>(name, null, cancellationToken),
            _ => throw Unknown(o),
        };
    }

    public static async Task<IKubernetesObject<V1ObjectMeta>> PatchAsync(this KubeClient client, IKubernetesObject<V1ObjectMeta> o, JsonObject patch, CancellationToken cancellationToken)
    {
        var (name, ns) = (o.Metadata.Name, o.Metadata.NamespaceProperty);
        return o switch
        {
            V1RoleBinding => await client.MergePatchAsync<V1RoleBinding>(name, ns, patch, cancellationToken),
            V1ClusterRoleBinding => await client.MergePatchAsync<V1ClusterRoleBinding>(name, null, patch, cancellationToken),
            V1Role => await client.MergePatchAsync<V1Role>(name, ns, patch, cancellationToken),
            V1ServiceAccount => await client.MergePatchAsync<V1ServiceAccount>(name, ns, patch, cancellationToken),
            V1Secret or SecretMetadata => Shell(await client.MergePatchAsync<V1Secret>(name, ns, patch, cancellationToken)),
            _ => throw Unknown(o),
        };
    }

    /// <summary>Deletes an object by its UID. False: it is marked as deleted, and finalizers hold it.</summary>
    public static async Task<bool> DeleteOrHoldAsync(this KubeClient client, IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken)
    {
        var (name, ns) = (o.Metadata.Name, o.Metadata.NamespaceProperty);
        var options = new DeleteOptions { Uid = o.Metadata.Uid };
        return !await (o switch
        {
            V1RoleBinding => client.DeleteIsHeldAsync<V1RoleBinding>(name, ns, options, cancellationToken),
            V1ClusterRoleBinding => client.DeleteIsHeldAsync<V1ClusterRoleBinding>(name, null, options, cancellationToken),
            V1Role => client.DeleteIsHeldAsync<V1Role>(name, ns, options, cancellationToken),
            V1ServiceAccount => client.DeleteIsHeldAsync<V1ServiceAccount>(name, ns, options, cancellationToken),
            V1Secret or SecretMetadata => client.DeleteIsHeldAsync<V1Secret>(name, ns, options, cancellationToken),
            _ => throw Unknown(o),
        });
    }

    public static Task<bool> DeleteAsync(this KubeClient client, IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken)
    {
        var (name, ns) = (o.Metadata.Name, o.Metadata.NamespaceProperty);
        var options = new DeleteOptions { Uid = o.Metadata.Uid };
        return o switch
        {
            V1RoleBinding => client.DeleteAsync<V1RoleBinding>(name, ns, options, cancellationToken),
            V1ClusterRoleBinding => client.DeleteAsync<V1ClusterRoleBinding>(name, null, options, cancellationToken),
            V1Role => client.DeleteAsync<V1Role>(name, ns, options, cancellationToken),
            V1ServiceAccount => client.DeleteAsync<V1ServiceAccount>(name, ns, options, cancellationToken),
            V1Secret or SecretMetadata => client.DeleteAsync<V1Secret>(name, ns, options, cancellationToken),
            _ => throw Unknown(o),
        };
    }

    /// <summary>A Secret without what it holds: all that is kept of one.</summary>
    public static SecretMetadata Shell(V1Secret secret) => new() { Metadata = secret.Metadata };

    private static InvalidOperationException Unknown(IKubernetesObject<V1ObjectMeta> o) => new($"{o.KindName} is no kind that is made for grants.");
}
