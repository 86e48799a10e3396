using System.Text.Json.Serialization;

namespace BreakGlass.Core.Api;

/// <summary>What a grant was used for.</summary>
public sealed record SessionSummary
{
    /// <summary>The number of requests of the grant's identity.</summary>
    public long Requests { get; init; }

    /// <summary>The number of writes.</summary>
    public long Writes { get; init; }

    /// <summary>The number of refused requests.</summary>
    public long Denied { get; init; }

    /// <summary>The time of the last request.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? LastActivityAt { get; init; }
}
