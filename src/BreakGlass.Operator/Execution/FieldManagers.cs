using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Kube.Client;
using Kube.Model;

namespace BreakGlass.Operator.Execution;

/// <summary>
/// Who wrote an object, by its managedFields. They are most of a small object's weight, so that they are read only to name whom the operator is fighting
/// with, and never kept.
/// </summary>
internal static class FieldManagers
{
    /// <summary>The latest writer of an object beside ourselves; null if there is none, as with a webhook that changes what we write ourselves.</summary>
    public static async Task<string?> LatestOtherAsync(this KubeClient client, IKubeObject o, string ours, CancellationToken cancellationToken)
    {
        var (name, ns) = (o.Metadata.Name, o.Metadata.Namespace);
        try
        {
            var managed = o switch
            {
                RoleBinding => (await client.TryGetAsync<Managed<RoleBinding>>(name, ns, cancellationToken))?.Meta,
                ClusterRoleBinding => (await client.TryGetAsync<Managed<ClusterRoleBinding>>(name, null, cancellationToken))?.Meta,
                Role => (await client.TryGetAsync<Managed<Role>>(name, ns, cancellationToken))?.Meta,
                ServiceAccount => (await client.TryGetAsync<Managed<ServiceAccount>>(name, ns, cancellationToken))?.Meta,
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
internal sealed record Managed<T> : IKubeResource<Managed<T>>
    where T : class, IKubeResource<T>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init; } = "";

    /// <inheritdoc/>
    public string Kind { get; init; } = "";

    /// <inheritdoc/>
    [JsonIgnore]
    public ObjectMeta Metadata { get; init; } = new();

    /// <summary>The part of the metadata that is read.</summary>
    [JsonPropertyName("metadata")]
    public ManagedMeta? Meta { get; init; }

    /// <inheritdoc/>
    public static ResourceType Resource { get; } = T.Resource with { MetadataOnly = true };

    /// <inheritdoc/>
    public static JsonTypeInfo<Managed<T>> Json { get; } = (JsonTypeInfo<Managed<T>>)ManagedJson.Default.GetTypeInfo(typeof(Managed<T>))!;

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<Managed<T>>> ListJson => throw new NotSupportedException("Field managers are read of one object at a time.");

    /// <inheritdoc/>
    public Managed<T> WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
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
[JsonSerializable(typeof(Managed<RoleBinding>)), JsonSerializable(typeof(Managed<ClusterRoleBinding>)), JsonSerializable(typeof(Managed<Role>))]
[JsonSerializable(typeof(Managed<ServiceAccount>)), JsonSerializable(typeof(Managed<SecretMetadata>))]
internal sealed partial class ManagedJson : JsonSerializerContext;
