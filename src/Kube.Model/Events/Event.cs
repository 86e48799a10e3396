using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Kube.Model;

/// <summary>Something that happened to an object (events.k8s.io/v1). Kept for an hour by default, and best effort: no audit trail.</summary>
public sealed record Event : IKubeResource<Event>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? "events.k8s.io/v1"; } = "events.k8s.io/v1";

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? "Event"; } = "Event";

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>When it was seen first.</summary>
    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? EventTime { get; init; }

    /// <summary>Further occurrences; null for a singleton.</summary>
    public EventSeries? Series { get; init; }

    /// <summary>The controller, e.g. <c>breakglass.dev/operator</c>.</summary>
    public string? ReportingController { get; init; }

    /// <summary>The instance of the controller, at most 128 characters.</summary>
    public string? ReportingInstance { get; init; }

    /// <summary>What was done, CamelCase, at most 128 characters.</summary>
    public string? Action { get; init; }

    /// <summary>Why, CamelCase, at most 128 characters.</summary>
    public string? Reason { get; init; }

    /// <summary>The object the event is about.</summary>
    public ObjectReference? Regarding { get; init; }

    /// <summary>A second object that has to do with it.</summary>
    public ObjectReference? Related { get; init; }

    /// <summary>A sentence for people, at most 1024 bytes.</summary>
    public string? Note { get; init; }

    /// <summary><c>Normal</c> or <c>Warning</c>.</summary>
    public string? Type { get; init; }

    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("events.k8s.io", "v1", "Event", "events", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<Event> Json { get; } = KubeJson.Of<Event>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<Event>> ListJson { get; } = KubeJson.Of<KubeList<Event>>();

    /// <inheritdoc/>
    public Event WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>How often an event came again.</summary>
public sealed record EventSeries
{
    /// <summary>Occurrences so far, at least 2.</summary>
    public int Count { get; init; }

    /// <summary>When it was seen last.</summary>
    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? LastObservedTime { get; init; }
}
