using System.Text.Json.Serialization.Metadata;

namespace Kube.Model;

/// <summary>
/// The addresses behind a Service (core/v1). Every API server writes its own into <c>kubernetes</c> in namespace <c>default</c>, on all versions; EndpointSlices, which
/// replace this kind, are made of it.
/// </summary>
public sealed record Endpoints : IKubeResource<Endpoints>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? "v1"; } = "v1";

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? "Endpoints"; } = "Endpoints";

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>Addresses that share their ports.</summary>
    public IReadOnlyList<EndpointSubset> Subsets { get; init => field = value ?? []; } = [];

    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("", "v1", "Endpoints", "endpoints", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<Endpoints> Json { get; } = KubeJson.Of<Endpoints>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<Endpoints>> ListJson { get; } = KubeJson.Of<KubeList<Endpoints>>();

    /// <inheritdoc/>
    public Endpoints WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>Addresses that share their ports.</summary>
public sealed record EndpointSubset
{
    /// <summary>Addresses that are ready.</summary>
    public IReadOnlyList<EndpointAddress> Addresses { get; init => field = value ?? []; } = [];

    /// <summary>Ports.</summary>
    public IReadOnlyList<EndpointPort> Ports { get; init => field = value ?? []; } = [];
}

/// <summary>One address.</summary>
public sealed record EndpointAddress
{
    /// <summary>IPv4 or IPv6.</summary>
    public string Ip { get; init => field = value ?? ""; } = "";
}

/// <summary>One port.</summary>
public sealed record EndpointPort
{
    /// <summary>Its name; of the API server <c>https</c>.</summary>
    public string? Name { get; init; }

    /// <summary>Its number.</summary>
    public int Port { get; init; }
}
