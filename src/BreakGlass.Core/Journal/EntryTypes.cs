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

    public const string SessionEvents = Prefix + "session.events", SessionRecording = Prefix + "session.recording";

    public const string LockdownEngaged = Prefix + "lockdown.engaged", LockdownLifted = Prefix + "lockdown.lifted";

    public const string AuthorityCreated = Prefix + "authority.created", AuthorityChanged = Prefix + "authority.changed",
        AuthorityDeleted = Prefix + "authority.deleted";

    public const string VoucherUsed = Prefix + "voucher.used";

    public const string SealKeyAdded = Prefix + "sealkey.added", SealKeyRetired = Prefix + "sealkey.retired";

    public const string JournalKeyReplaced = Prefix + "journalkey.replaced";

    public const string DrillPassed = Prefix + "drill.passed", DrillFailed = Prefix + "drill.failed", DrillDeleted = Prefix + "drill.deleted";

    public const string Live = Prefix + "journal.live";
}
