using System.Text.Json.Serialization;
using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>One part of a run of a drill.</summary>
public sealed record DrillPhase
{
    /// <summary>The name of the phase.</summary>
    [Required, Length(maxLength: 63)]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>When it started.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>How long it took. Not set while it runs.</summary>
    public string? Took { get; init; }

    /// <summary>What became of it.</summary>
    public DrillResult Result { get; init; }

    /// <summary>A message for people.</summary>
    [Length(maxLength: 1024)]
    public string? Message { get; init; }
}
