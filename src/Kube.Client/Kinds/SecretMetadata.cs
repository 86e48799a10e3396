namespace Kube.Client;

/// <summary>A Secret as its metadata alone (meta/v1 PartialObjectMetadata): what a cache may hold without holding any secret.</summary>
public sealed record SecretMetadata : IKubernetesObject<V1ObjectMeta>
{
    /// <summary>Always <c>v1</c>: on the wire it says meta.k8s.io/v1, which is the form and not the kind.</summary>
    [JsonPropertyName("apiVersion")]
    public string ApiVersion
    {
        get => V1Secret.KubeApiVersion;
        set { }
    }

    /// <summary>Always <c>Secret</c>: on the wire it says PartialObjectMetadata, which is the form and not the kind.</summary>
    [JsonPropertyName("kind")]
    public string Kind
    {
        get => V1Secret.KubeKind;
        set { }
    }

    /// <inheritdoc/>
    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set => field = value ?? new() { Name = "" }; } = new() { Name = "" };
}
