using System.Text.Json.Serialization;
using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>What a lockdown revoked.</summary>
public sealed record LockdownStatus
{
    /// <summary>The generation that this status describes.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>The number of grants that the lockdown revoked.</summary>
    public int? Revoked { get; init; }

    /// <summary>When the operator verified the last of these revocations.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Conditions of the object.</summary>
    [ListMap("type")]
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];
}
