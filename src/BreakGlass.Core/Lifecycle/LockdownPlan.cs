namespace BreakGlass.Core.Lifecycle;

/// <summary>What to do for a lockdown. What it ends is ended by the life of each grant; this only counts.</summary>
/// <param name="Status">The status it should have.</param>
/// <param name="Events">Events that go with the status.</param>
/// <param name="LookAgainAt">When to look again if nothing happens.</param>
public sealed record LockdownPlan(LockdownStatus Status, IReadOnlyList<GrantEvent> Events, DateTimeOffset? LookAgainAt);
