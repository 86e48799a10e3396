using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Kube.Model;

/// <summary>A lease that one of several processes holds (coordination.k8s.io/v1).</summary>
public sealed record Lease : IKubeResource<Lease>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? "coordination.k8s.io/v1"; } = "coordination.k8s.io/v1";

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? "Lease"; } = "Lease";

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>The lease itself.</summary>
    public LeaseSpec Spec { get; init => field = value ?? new(); } = new();

    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("coordination.k8s.io", "v1", "Lease", "leases", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<Lease> Json { get; } = KubeJson.Of<Lease>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<Lease>> ListJson { get; } = KubeJson.Of<KubeList<Lease>>();

    /// <inheritdoc/>
    public Lease WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>Who holds a lease, since when and for how long.</summary>
public sealed record LeaseSpec
{
    /// <summary>The holder; empty or null when nobody does.</summary>
    public string? HolderIdentity { get; init; }

    /// <summary>Seconds after which others may take it, counted from when they last saw it change.</summary>
    public int? LeaseDurationSeconds { get; init; }

    /// <summary>When the holder took it.</summary>
    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? AcquireTime { get; init; }

    /// <summary>When the holder renewed it last.</summary>
    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? RenewTime { get; init; }

    /// <summary>How often it changed hands.</summary>
    public int? LeaseTransitions { get; init; }
}
