namespace BreakGlass.Core.Sessions;

/// <summary>All that decides whether a session is unusual.</summary>
public sealed record AnomalyFacts
{
    /// <summary>The grant.</summary>
    public required BreakGlassGrant Grant { get; init; }

    /// <summary>The limits of its policy.</summary>
    public required AnomalyLimits Limits { get; init; }

    /// <summary>What was done with the grant.</summary>
    public required MergedSession Session { get; init; }

    /// <summary>What the policy's earlier sessions did.</summary>
    public required PolicyHabits Habits { get; init; }
}
