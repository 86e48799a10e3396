using System.Text.Json.Serialization.Metadata;

namespace Kube.Model;

/// <summary>A namespace (core/v1).</summary>
public sealed record Namespace : IKubeResource<Namespace>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? "v1"; } = "v1";

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? "Namespace"; } = "Namespace";

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>Observed state.</summary>
    public NamespaceStatus? Status { get; init; }

    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("", "v1", "Namespace", "namespaces", Namespaced: false);

    /// <inheritdoc/>
    public static JsonTypeInfo<Namespace> Json { get; } = KubeJson.Of<Namespace>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<Namespace>> ListJson { get; } = KubeJson.Of<KubeList<Namespace>>();

    /// <inheritdoc/>
    public Namespace WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>Observed state of a namespace.</summary>
public sealed record NamespaceStatus
{
    /// <summary><c>Active</c> or <c>Terminating</c>.</summary>
    public string? Phase { get; init; }
}

/// <summary>An identity for programs (core/v1).</summary>
public sealed record ServiceAccount : IKubeResource<ServiceAccount>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? "v1"; } = "v1";

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? "ServiceAccount"; } = "ServiceAccount";

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>Whether pods get a token of it by default.</summary>
    public bool? AutomountServiceAccountToken { get; init; }

    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("", "v1", "ServiceAccount", "serviceaccounts", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<ServiceAccount> Json { get; } = KubeJson.Of<ServiceAccount>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<ServiceAccount>> ListJson { get; } = KubeJson.Of<KubeList<ServiceAccount>>();

    /// <inheritdoc/>
    public ServiceAccount WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>A secret (core/v1). Its text form never shows the data.</summary>
public sealed record Secret : IKubeResource<Secret>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? "v1"; } = "v1";

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? "Secret"; } = "Secret";

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>The type, which never changes.</summary>
    public string? Type { get; init; }

    /// <summary>Once true the data can never change again; the Secret can only be deleted.</summary>
    public bool? Immutable { get; init; }

    /// <summary>The data; base64 on the wire.</summary>
    public IReadOnlyDictionary<string, byte[]>? Data { get; init; }

    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("", "v1", "Secret", "secrets", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<Secret> Json { get; } = KubeJson.Of<Secret>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<Secret>> ListJson { get; } = KubeJson.Of<KubeList<Secret>>();

    /// <inheritdoc/>
    public Secret WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };

    /// <summary>Name and keys, never values: records print all their members, and a secret must not reach a log that way.</summary>
    public override string ToString() => $"Secret {ObjectKey.Of(this)} [{string.Join(", ", Data?.Keys ?? [])}]";
}

/// <summary>
/// A Secret as its metadata alone (meta/v1 PartialObjectMetadata): what a cache may hold without holding any secret.
/// </summary>
public sealed record SecretMetadata : IKubeResource<SecretMetadata>
{
    /// <summary>Always <c>v1</c>: on the wire it says meta.k8s.io/v1, which is the form and not the kind.</summary>
    public string ApiVersion { get; init => field = "v1"; } = "v1";

    /// <summary>Always <c>Secret</c>: on the wire it says PartialObjectMetadata, which is the form and not the kind.</summary>
    public string Kind { get; init => field = "Secret"; } = "Secret";

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("", "v1", "Secret", "secrets", Namespaced: true, MetadataOnly: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<SecretMetadata> Json { get; } = KubeJson.Of<SecretMetadata>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<SecretMetadata>> ListJson { get; } = KubeJson.Of<KubeList<SecretMetadata>>();

    /// <inheritdoc/>
    public SecretMetadata WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>A reference to an object of any kind (core/v1 ObjectReference).</summary>
public sealed record ObjectReference
{
    /// <summary>Group and version.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>Kind.</summary>
    public string? Kind { get; init; }

    /// <summary>Namespace; null for cluster-scoped kinds.</summary>
    public string? Namespace { get; init; }

    /// <summary>Name.</summary>
    public string? Name { get; init; }

    /// <summary>UID.</summary>
    public string? Uid { get; init; }

    /// <summary>Resource version.</summary>
    public string? ResourceVersion { get; init; }
}
