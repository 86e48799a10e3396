namespace BreakGlass.Core.Journal;

#pragma warning disable CS1591 // The names are what a person reads; docs/journal.md explains each.

/// <summary>The types of entries, besides those of transitions (<see cref="GrantEntries.TypeOf"/>).</summary>
public static class EntryTypes
{
    private const string Prefix = "dev.breakglass.";

    public const string PolicyCreated = Prefix + "policy.created", PolicyChanged = Prefix + "policy.changed", PolicyDeleted = Prefix + "policy.deleted";

    public const string Approved = Prefix + "approval.approved", Denied = Prefix + "approval.denied", Reviewed = Prefix + "grant.reviewed";

    public const string Proven = Prefix + "grant.proven", Narrowed = Prefix + "grant.narrowed", Residue = Prefix + "grant.residue",
        GrantDeleted = Prefix + "grant.deleted";

    public const string PersistenceAllowed = Prefix + "persistence.allowed", PersistenceRefused = Prefix + "persistence.refused";

    public const string SessionEvents = Prefix + "session.events";

    public const string LockdownEngaged = Prefix + "lockdown.engaged", LockdownLifted = Prefix + "lockdown.lifted";

    public const string SealKeyAdded = Prefix + "sealkey.added", SealKeyRetired = Prefix + "sealkey.retired";

    public const string Live = Prefix + "journal.live";
}
