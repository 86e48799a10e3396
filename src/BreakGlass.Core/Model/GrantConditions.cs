namespace BreakGlass.Core.Model;

#pragma warning disable CS1591 // The names are what a person reads; docs/concepts.md explains each.

/// <summary>The conditions of a grant and their reasons. Also reasons are the names of <c>EndReason</c>, of a phase in which a grant waits, of the outcome
/// of a review, and those of <see cref="DenialReasons"/> and <see cref="FailureReasons"/>.</summary>
public static class GrantConditions
{
    // The types. Reviewed is absent if no review is required, Obstructed if everything could be removed, LeftBehind if nothing looked for leftovers,
    // Journaled if the operator has no journal, Observed if the policy has no idle timeout.
    public const string
        Authorized = "Authorized", Approved = "Approved", Active = "Active", Revoked = "Revoked", Reviewed = "Reviewed",
        Obstructed = "Obstructed", LeftBehind = "LeftBehind", Observed = "Observed", Journaled = "Journaled";

    // Authorized.
    public const string PolicyAllows = "PolicyAllows", ClockSkew = "ClockSkew";

    // Approved.
    public const string NotRequired = "NotRequired", AutoApproved = "AutoApproved", EmergencyBypass = "EmergencyBypass";

    // Active. Interrupted: it works in none of its places now. RevocationObstructed is also the reason of Obstructed, and of an event.
    public const string
        Opening = "Opening", AccessGiven = "AccessGiven", Partial = "Partial", Contested = "Contested", Interrupted = "Interrupted",
        WaitsForJournal = "WaitsForJournal", Ended = "Ended", RevocationObstructed = "RevocationObstructed";

    // Revoked. NotEnded is also a reason of Reviewed.
    public const string NotEnded = "NotEnded", Proving = "Proving", NotProven = "NotProven", Proven = "Proven";

    // Obstructed and Reviewed. ReviewPending is also why a requester gets no further grant.
    public const string Removed = "Removed", ReviewPending = "ReviewPending", ReviewOverdue = "ReviewOverdue";

    // Observed.
    public const string EventsArrive = "EventsArrive", NoEvents = "NoEvents", NoEventYet = "NoEventYet";

    // LeftBehind.
    public const string ObjectsFound = "ObjectsFound", NothingFound = "NothingFound", NotAllLookedFor = "NotAllLookedFor";

    // Journaled; also of itself when it is True.
    public const string Backlog = "Backlog", NoJournal = "NoJournal";
}
