namespace BreakGlass.Core.Lifecycle;

/// <summary>
/// What to do next for one grant. The steps do not depend on each other and are done side by side; then the question is asked again with
/// what came of them, until there are none.
/// </summary>
public sealed record GrantPlan
{
    /// <summary>Nothing to do, and nothing to wait for.</summary>
    public static GrantPlan Settled { get; } = new();

    /// <summary>What to do now.</summary>
    public IReadOnlyList<PlanStep> Steps { get; init; } = [];

    /// <summary>When to look again if nothing happens; null for never.</summary>
    public DateTimeOffset? LookAgainAt { get; init; }

    /// <summary>Whether the steps end access: they go before everything else.</summary>
    public bool Cuts { get; init; }

    /// <summary>Why access is taken away; null if it is not, and once the end is recorded.</summary>
    internal Ending? Ending { get; init; }

    /// <summary>Whether after these steps the end of access is proven: what is left to do for the grant is tidying up, and nobody waits for it.</summary>
    public bool Proves { get; init; }

    /// <summary>Whether the steps cut the grant's own access, and not only what is left over of a namesake.</summary>
    public bool Revokes => Cuts && Steps.Any(s => s is PlanStep.Remove { Why: Removal.Revocation } or PlanStep.Find);

    /// <summary>Whether the steps open or keep access, so that they are given up once the grant has to end.</summary>
    public bool IsUpkeep => Steps.All(s => s.IsUpkeep);

    /// <summary>A plan of steps.</summary>
    public static GrantPlan Do(params PlanStep[] steps) => new() { Steps = steps };

    /// <summary>A plan to wait.</summary>
    public static GrantPlan Wait(DateTimeOffset? until) => new() { LookAgainAt = until };
}
