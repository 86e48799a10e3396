using System.Text.Json.Serialization;
using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>What the operator knows of a drill and of its runs.</summary>
public sealed record DrillStatus
{
    /// <summary>The generation of the drill that this status describes.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Ready (the drill can run), Passing (its last run passed).</summary>
    [ListMap("type")]
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];

    /// <summary>When the drill runs next by its schedule. Not set if it does not.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? NextRunAt { get; init; }

    /// <summary>When a run passed last.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? LastPassedAt { get; init; }

    /// <summary>The value of the annotation breakglass.dev/run-drill that the operator acted on last.</summary>
    [Length(maxLength: 256)]
    public string? LastRequest { get; init; }

    /// <summary>The runs, the newest first: at most one that is not finished, and as many finished ones as spec.history says.</summary>
    [Items(maxItems: 51), ListMap("id")]
    public IReadOnlyList<DrillRun> Runs { get; init => field = value ?? []; } = [];
}
