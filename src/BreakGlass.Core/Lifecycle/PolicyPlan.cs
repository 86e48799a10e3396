namespace BreakGlass.Core.Lifecycle;

/// <summary>What to do for a policy.</summary>
/// <param name="Status">The status it should have; to be written under the resourceVersion of the policy that was judged, since places under its
/// limits are in it.</param>
/// <param name="HoldsFinalizer">Whether it should carry our finalizer: its deletion waits until its grants are revoked.</param>
/// <param name="Events">Events that go with the status.</param>
/// <param name="LookAgainAt">When to look again if nothing happens.</param>
public sealed record PolicyPlan(PolicyStatus Status, bool HoldsFinalizer, IReadOnlyList<GrantEvent> Events, DateTimeOffset? LookAgainAt)
{
    /// <summary>
    /// Holders of places whose grants no cache shows. To be looked for by name on the server itself, and decided again with what came of it: a place is
    /// never freed because a cache is behind.
    /// </summary>
    public IReadOnlyList<HolderRecord> LookFor { get; init; } = [];
}
