using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>A status that only has conditions.</summary>
public sealed record ConditionsStatus
{
    /// <summary>The generation that this status describes.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Conditions of the object.</summary>
    [ListMap("type")]
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];
}
