using System.Text.Json.Serialization;

namespace BreakGlass.Core.Journal;

/// <summary>One audit event of a session, without the bodies of the request and of its answer. What an event does not say is not set.</summary>
public sealed record SessionEvent
{
    /// <summary>The ID of the request. All stages of one request have the same.</summary>
    [JsonPropertyName("auditID")]
    public required string AuditId { get; init; }

    /// <summary>ResponseStarted, ResponseComplete or Panic.</summary>
    public required string Stage { get; init; }

    /// <summary>When the API server received the request.</summary>
    [JsonConverter(typeof(EventTimeConverter))]
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>When the request reached this stage.</summary>
    [JsonConverter(typeof(EventTimeConverter))]
    public required DateTimeOffset At { get; init; }

    /// <summary>The verb, for example get or create.</summary>
    public required string Verb { get; init; }

    /// <summary>The API group; not set for the core group.</summary>
    public string? ApiGroup { get; init; }

    /// <summary>The resource, for example pods; for a request that is about no resource, its path.</summary>
    public string? Resource { get; init; }

    /// <summary>The subresource, for example exec.</summary>
    public string? Subresource { get; init; }

    /// <summary>The namespace.</summary>
    public string? Namespace { get; init; }

    /// <summary>The name of the object.</summary>
    public string? Name { get; init; }

    /// <summary>The HTTP status code.</summary>
    public int? Code { get; init; }

    /// <summary>The address of the peer of the connection.</summary>
    [JsonPropertyName("sourceIP")]
    public string? SourceIp { get; init; }

    /// <summary>The client's program, as it says.</summary>
    public string? UserAgent { get; init; }

    /// <summary>The user that the identity impersonated.</summary>
    public string? AsUser { get; init; }

    /// <summary>The ServiceAccount with whose token the request was sent, if the identity had created that token.</summary>
    public string? TokenOf { get; init; }

    /// <summary>The command of an exec.</summary>
    public string? Command { get; init; }

    /// <summary>If true, only the user's name and the time say that the request belongs to the grant.</summary>
    public bool? ByName { get; init; }

    /// <summary>The bytes that the client sent, as the gateway counted them.</summary>
    public long? BytesIn { get; init; }

    /// <summary>The bytes that the client received, as the gateway counted them.</summary>
    public long? BytesOut { get; init; }
}
