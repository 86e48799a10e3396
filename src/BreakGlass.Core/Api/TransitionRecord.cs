using System.Text.Json.Serialization;

namespace BreakGlass.Core.Api;

/// <summary>One change of phase.</summary>
public sealed record TransitionRecord
{
    /// <summary>The time.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset At { get; init; }

    /// <summary>The phase before. Empty in the first entry.</summary>
    public GrantPhase? From { get; init; }

    /// <summary>The phase after.</summary>
    public GrantPhase To { get; init; }

    /// <summary>Who caused the change: a user name, or breakglass-operator.</summary>
    public string Actor { get; init => field = value ?? ""; } = "";

    /// <summary>The reason, in CamelCase.</summary>
    public string Reason { get; init => field = value ?? ""; } = "";

    /// <summary>The index of the entry with this change in the journal. Not set if there is no journal, or if the status was not written since then.</summary>
    public long? JournalIndex { get; init; }
}
