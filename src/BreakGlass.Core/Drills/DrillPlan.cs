namespace BreakGlass.Core.Drills;

/// <summary>What to do for a drill.</summary>
/// <param name="Status">The status it should have.</param>
/// <param name="Start">The run to begin, once the status with it is written; null for none.</param>
/// <param name="Revoke">Grants of the drill to revoke, because no run uses them.</param>
/// <param name="Ended">Runs that another process left unfinished, and that this status ends.</param>
/// <param name="LookAgainAt">When to look again if nothing happens.</param>
public sealed record DrillPlan(
    DrillStatus Status, DrillRun? Start, IReadOnlyList<string> Revoke, IReadOnlyList<DrillRun> Ended, DateTimeOffset? LookAgainAt);
