namespace BreakGlass.Core.Model;

#pragma warning disable CS1591 // The names are what a person reads; docs/concepts.md explains each.

/// <summary>Why a run of a drill failed, in the condition Passing and in the metric of failures.</summary>
public static class DrillReasons
{
    public const string
        NoVoucher = "NoVoucher",
        RequestRefused = "RequestRefused", GrantDenied = EventReasons.GrantDenied, NotApproved = "NotApproved", NotActive = "NotActive",
        NoCredential = "NoCredential", AccessDenied = "AccessDenied", NotRevoked = "NotRevoked", NotExpired = "NotExpired",
        StillAllowed = "StillAllowed",
        NotProven = GrantConditions.NotProven, NotInJournal = "NotInJournal", NoEvent = "NoEvent", NotCounted = "NotCounted", NotNotified = "NotNotified",
        NotObserved = PolicyConditions.NotObserved, TargetMissed = "TargetMissed", Interrupted = GrantConditions.Interrupted, ServerError = "ServerError";

    /// <summary>All of them, so that each has its counter from the start.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        NoVoucher, RequestRefused, GrantDenied, NotApproved, NotActive, NoCredential, AccessDenied, NotRevoked, NotExpired, StillAllowed, NotProven,
        NotInJournal, NoEvent, NotCounted, NotNotified, NotObserved, TargetMissed, Interrupted, ServerError,
    ];
}
