namespace BreakGlass.Core.Model;

#pragma warning disable CS1591 // The names are what a person reads; docs/concepts.md explains each.

/// <summary>The conditions of a policy and their reasons.</summary>
public static class PolicyConditions
{
    // The types.
    public const string
        Ready = "Ready", RolesResolved = "RolesResolved", Overused = "Overused", NeverExercised = "NeverExercised", Guarded = "Guarded",
        Stamped = "Stamped", ReachesControlPlane = "ReachesControlPlane", ClockSkewed = "ClockSkewed",
        Observed = GrantConditions.Observed, VouchersReady = "VouchersReady";

    // Ready and RolesResolved.
    public const string
        Accepted = "Accepted", InvalidPolicy = "InvalidPolicy", NotSupported = "NotSupported", RoleNotBindable = "RoleNotBindable",
        Suspended = "Suspended", RolesFound = "RolesFound", PolicyNotSealed = DenialReasons.PolicyNotSealed,
        NoJournal = GrantConditions.NoJournal, RoleNotFound = DenialReasons.RoleNotFound, RoleChanged = DenialReasons.RoleChanged, NotObserved = "NotObserved",
        NoGateway = DenialReasons.NoGateway;

    // Overused and NeverExercised.
    public const string
        TooManyActivations = "TooManyActivations", WithinBounds = "WithinBounds", NoActivation = "NoActivation", Activated = "Activated", Drilled = "Drilled";

    // Guarded and Stamped.
    public const string
        GuardInstalled = "GuardInstalled", WebhookAlone = "WebhookAlone", NotRecorded = "NotRecorded", GuardMissing = "GuardMissing",
        NotWatched = "NotWatched", StampInstalled = "StampInstalled", StampedByPolicy = "StampedByPolicy", StampMissing = "StampMissing",
        OwnersNotSet = "OwnersNotSet", ServerTooOld = "ServerTooOld";

    // Observed.
    public const string
        EventsArrive = GrantConditions.EventsArrive, NoEvents = GrantConditions.NoEvents, NoEventYet = GrantConditions.NoEventYet;

    // VouchersReady.
    public const string
        AuthorityReady = "AuthorityReady", AuthorityNotFound = DenialReasons.AuthorityNotFound, AuthorityNotReady = DenialReasons.AuthorityNotReady;

    // ReachesControlPlane and ClockSkewed.
    public const string RightsOverControlPlane = "RightsOverControlPlane", ClocksDiffer = "ClocksDiffer";
}
