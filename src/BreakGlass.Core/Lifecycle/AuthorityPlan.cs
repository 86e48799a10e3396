namespace BreakGlass.Core.Lifecycle;

/// <summary>What to do for an authority.</summary>
/// <param name="Status">The status it should have; to be written under the resourceVersion of the authority that was judged, because the uses of its vouchers
/// are in it.</param>
/// <param name="Events">Events that go with the status.</param>
/// <param name="LookAgainAt">When to look again if nothing happens.</param>
public sealed record AuthorityPlan(AuthorityStatus Status, IReadOnlyList<GrantEvent> Events, DateTimeOffset? LookAgainAt);
