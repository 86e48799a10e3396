using System.Text.Json.Serialization;

namespace BreakGlass.Operator.Execution;

/// <summary>An object as its managedFields alone.</summary>
internal sealed record Managed : IKubernetesObject<V1ObjectMeta>
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
[JsonSerializable(typeof(Managed))]
internal sealed partial class ManagedJson : JsonSerializerContext;
