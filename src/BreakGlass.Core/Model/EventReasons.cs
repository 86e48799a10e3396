namespace BreakGlass.Core.Model;

#pragma warning disable CS1591 // The names are what a person reads; docs/concepts.md explains each.

/// <summary>The reasons of events: what happened to a grant, a policy or a lockdown. Receivers of notifications choose by them.</summary>
public static class EventReasons
{
    public const string
        GrantRequested = "GrantRequested", GrantApproved = "GrantApproved", GrantScheduled = "GrantScheduled", GrantActivated = "GrantActivated",
        GrantExpiring = "GrantExpiring", GrantExpired = "GrantExpired", GrantRevoked = "GrantRevoked", GrantReviewed = "GrantReviewed",
        GrantDenied = "GrantDenied", GrantFailed = "GrantFailed", DriftRepaired = "DriftRepaired", RepairContested = "RepairContested",
        OrphanRemoved = "OrphanRemoved", RevocationObstructed = GrantConditions.RevocationObstructed,
        ReviewOverdue = GrantConditions.ReviewOverdue, PolicyOverused = "PolicyOverused", RoleChanged = PolicyConditions.RoleChanged,
        PersistenceAttempt = "PersistenceAttempt", LockdownEngaged = "LockdownEngaged", AccessAfterRevocation = "AccessAfterRevocation",
        AnomalousActivity = "AnomalousActivity", VoucherUsed = DenialReasons.VoucherUsed, RotationDue = AuthorityConditions.RotationDue,
        DrillPassed = "DrillPassed", DrillFailed = "DrillFailed";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        GrantRequested, GrantApproved, GrantScheduled, GrantActivated, GrantExpiring, GrantExpired, GrantRevoked, GrantReviewed, GrantDenied,
        GrantFailed, DriftRepaired, RepairContested, OrphanRemoved, RevocationObstructed, ReviewOverdue, PolicyOverused, RoleChanged,
        PersistenceAttempt, LockdownEngaged, AccessAfterRevocation, AnomalousActivity, VoucherUsed, RotationDue, DrillPassed, DrillFailed,
    ];
}
