using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using k8s;
using k8s.Models;
using Kube.Client;

namespace BreakGlass.Operator.Execution;

/// <summary>
/// Who wrote an object, by its managedFields. They are most of a small object's weight, so that they are read only to name whom the operator is fighting
/// with, and never kept.
/// </summary>
internal static class FieldManagers
{
    static FieldManagers()
    {
        Register(ManagedJson.Default.ManagedV1RoleBinding);
        Register(ManagedJson.Default.ManagedV1ClusterRoleBinding);
        Register(ManagedJson.Default.ManagedV1Role);
        Register(ManagedJson.Default.ManagedV1ServiceAccount);
        Register(ManagedJson.Default.ManagedSecretMetadata);

        static void Register<T>(JsonTypeInfo<Managed<T>> json)
            where T : class, IKubernetesObject<V1ObjectMeta> =>
            KubeKinds.Register(new KubeKind<Managed<T>>(KubeKinds.Of<T>().Resource with { MetadataOnly = true }, json));
    }

    /// <summary>The latest writer of an object beside ourselves; null if there is none, as with a webhook that changes what we write ourselves.</summary>
    public static async Task<string?> LatestOtherAsync(this KubeClient client, IKubernetesObject<V1ObjectMeta> o, string ours, CancellationToken cancellationToken)
    {
        var (name, ns) = (o.Metadata.Name, o.Metadata.NamespaceProperty);
        try
        {
            var managed = o switch
            {
                V1RoleBinding => (await client.TryGetAsync<Managed<V1RoleBinding>>(name, ns, cancellationToken))?.Meta,
                V1ClusterRoleBinding => (await client.TryGetAsync<Managed<V1ClusterRoleBinding>>(name, null, cancellationToken))?.Meta,
                V1Role => (await client.TryGetAsync<Managed<V1Role>>(name, ns, cancellationToken))?.Meta,
                V1ServiceAccount => (await client.TryGetAsync<Managed<V1ServiceAccount>>(name, ns, cancellationToken))?.Meta,
                _ => (await client.TryGetAsync<Managed<SecretMetadata>>(name, ns, cancellationToken))?.Meta,
            };
            return managed?.ManagedFields?.Where(f => f.Manager is { Length: > 0 } && f.Manager != ours).MaxBy(f => f.Time)?.Manager;
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            // The fight is told without its other side.
            return null;
        }
    }
}

/// <summary>An object as its managedFields alone.</summary>
internal sealed record Managed<T> : IKubernetesObject<V1ObjectMeta>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <inheritdoc/>
    public string ApiVersion { get; set; } = "";

    /// <inheritdoc/>
    public string Kind { get; set; } = "";

    /// <inheritdoc/>
    [JsonIgnore]
    public V1ObjectMeta Metadata { get; set; } = new();

    /// <summary>The part of the metadata that is read.</summary>
    [JsonPropertyName("metadata")]
    public ManagedMeta? Meta { get; init; }
}

/// <summary>Metadata as its managedFields alone.</summary>
internal sealed record ManagedMeta
{
    /// <summary>Who wrote what (meta/v1 ManagedFieldsEntry).</summary>
    public IReadOnlyList<ManagedField>? ManagedFields { get; init; }
}

/// <summary>One writer.</summary>
internal sealed record ManagedField
{
    /// <summary>Its name.</summary>
    public string? Manager { get; init; }

    /// <summary>When it wrote last.</summary>
    public DateTimeOffset? Time { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Managed<V1RoleBinding>)), JsonSerializable(typeof(Managed<V1ClusterRoleBinding>)), JsonSerializable(typeof(Managed<V1Role>))]
[JsonSerializable(typeof(Managed<V1ServiceAccount>)), JsonSerializable(typeof(Managed<SecretMetadata>))]
internal sealed partial class ManagedJson : JsonSerializerContext;
