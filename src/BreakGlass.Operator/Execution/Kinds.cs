using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using Kube.Client;
using Kube.Model;

namespace BreakGlass.Operator.Execution;

/// <summary>The client's verbs over the kinds that are made for grants, and for reading over those that grants rest on, chosen by the object at hand.</summary>
internal static class Kinds
{
    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [nameof(RoleBinding), nameof(ClusterRoleBinding), nameof(Role), nameof(ServiceAccount), nameof(Secret)];

    public static async Task<IKubeObject> CreateAsync(this KubeClient client, IKubeObject o, CancellationToken cancellationToken) => o switch
    {
        RoleBinding binding => await client.CreateAsync(binding, cancellationToken),
        ClusterRoleBinding binding => await client.CreateAsync(binding, cancellationToken),
        Role role => await client.CreateAsync(role, cancellationToken),
        ServiceAccount account => await client.CreateAsync(account, cancellationToken),
        Secret secret => Shell(await client.CreateAsync(secret, cancellationToken)),
        _ => throw Unknown(o),
    };

    public static async Task<IKubeObject?> TryGetAsync(this KubeClient client, IKubeObject o, CancellationToken cancellationToken)
    {
        var (name, ns) = (o.Metadata.Name, o.Metadata.Namespace);
        return o switch
        {
            RoleBinding => await client.TryGetAsync<RoleBinding>(name, ns, cancellationToken),
            ClusterRoleBinding => await client.TryGetAsync<ClusterRoleBinding>(name, null, cancellationToken),
            Role => await client.TryGetAsync<Role>(name, ns, cancellationToken),
            ServiceAccount => await client.TryGetAsync<ServiceAccount>(name, ns, cancellationToken),
            Secret or SecretMetadata => await client.TryGetAsync<SecretMetadata>(name, ns, cancellationToken),
            Namespace => await client.TryGetAsync<Namespace>(name, null, cancellationToken),
            BreakGlassGrant => await client.TryGetAsync<BreakGlassGrant>(name, null, cancellationToken),
            BreakGlassPolicy => await client.TryGetAsync<BreakGlassPolicy>(name, null, cancellationToken),
            _ => throw Unknown(o),
        };
    }

    public static async Task<IKubeObject> PatchAsync(this KubeClient client, IKubeObject o, JsonObject patch, CancellationToken cancellationToken)
    {
        var (name, ns) = (o.Metadata.Name, o.Metadata.Namespace);
        return o switch
        {
            RoleBinding => await client.MergePatchAsync<RoleBinding>(name, ns, patch, cancellationToken),
            ClusterRoleBinding => await client.MergePatchAsync<ClusterRoleBinding>(name, null, patch, cancellationToken),
            Role => await client.MergePatchAsync<Role>(name, ns, patch, cancellationToken),
            ServiceAccount => await client.MergePatchAsync<ServiceAccount>(name, ns, patch, cancellationToken),
            Secret or SecretMetadata => Shell(await client.MergePatchAsync<Secret>(name, ns, patch, cancellationToken)),
            _ => throw Unknown(o),
        };
    }

    /// <summary>Deletes an object by its UID. False: it is marked as deleted, and finalizers hold it.</summary>
    public static async Task<bool> DeleteOrHoldAsync(this KubeClient client, IKubeObject o, CancellationToken cancellationToken)
    {
        var (name, ns) = (o.Metadata.Name, o.Metadata.Namespace);
        var options = new DeleteOptions { Uid = o.Metadata.Uid };
        return !await (o switch
        {
            RoleBinding => client.DeleteIsHeldAsync<RoleBinding>(name, ns, options, cancellationToken),
            ClusterRoleBinding => client.DeleteIsHeldAsync<ClusterRoleBinding>(name, null, options, cancellationToken),
            Role => client.DeleteIsHeldAsync<Role>(name, ns, options, cancellationToken),
            ServiceAccount => client.DeleteIsHeldAsync<ServiceAccount>(name, ns, options, cancellationToken),
            Secret or SecretMetadata => client.DeleteIsHeldAsync<Secret>(name, ns, options, cancellationToken),
            _ => throw Unknown(o),
        });
    }

    public static Task<bool> DeleteAsync(this KubeClient client, IKubeObject o, CancellationToken cancellationToken)
    {
        var (name, ns) = (o.Metadata.Name, o.Metadata.Namespace);
        var options = new DeleteOptions { Uid = o.Metadata.Uid };
        return o switch
        {
            RoleBinding => client.DeleteAsync<RoleBinding>(name, ns, options, cancellationToken),
            ClusterRoleBinding => client.DeleteAsync<ClusterRoleBinding>(name, null, options, cancellationToken),
            Role => client.DeleteAsync<Role>(name, ns, options, cancellationToken),
            ServiceAccount => client.DeleteAsync<ServiceAccount>(name, ns, options, cancellationToken),
            Secret or SecretMetadata => client.DeleteAsync<Secret>(name, ns, options, cancellationToken),
            _ => throw Unknown(o),
        };
    }

    /// <summary>A Secret without what it holds: all that is kept of one.</summary>
    public static SecretMetadata Shell(Secret secret) => new() { Metadata = secret.Metadata };

    private static InvalidOperationException Unknown(IKubeObject o) => new($"{o.Kind} is no kind that is made for grants.");
}
