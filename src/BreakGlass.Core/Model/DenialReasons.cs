namespace BreakGlass.Core.Model;

#pragma warning disable CS1591 // The names are what a person reads; docs/concepts.md explains each.

/// <summary>Why a grant is denied, in the condition Authorized or Approved and in the metric of denials.</summary>
public static class DenialReasons
{
    public const string
        NameTooLong = "NameTooLong", RequesterNotSealed = "RequesterNotSealed", SealBroken = "SealBroken", RequesterMissing = "RequesterMissing",
        PolicyNotFound = "PolicyNotFound", PolicyDeleted = "PolicyDeleted", PolicySuspended = "PolicySuspended",
        PolicyNotSealed = "PolicyNotSealed", PolicyNotReady = "PolicyNotReady", RequesterNotAllowed = "RequesterNotAllowed",
        ClaimMissing = "ClaimMissing", RoleChanged = "RoleChanged", JustificationTooShort = "JustificationTooShort",
        JustificationTooLong = "JustificationTooLong", TicketMissing = "TicketMissing", TicketMismatch = "TicketMismatch",
        DurationInvalid = "DurationInvalid", DurationTooLong = "DurationTooLong", AccessUnknown = "AccessUnknown",
        StartTimeNotAllowed = "StartTimeNotAllowed", RecipientKeyNotUsed = "RecipientKeyNotUsed", RecipientKeyInvalid = "RecipientKeyInvalid",
        RoleNotFound = "RoleNotFound", NamespaceNotReached = "NamespaceNotReached", TooManyNamespaces = "TooManyNamespaces",
        NothingSelected = "NothingSelected", Lockdown = "Lockdown", ReviewPending = GrantConditions.ReviewPending,
        StartTimeTooFar = "StartTimeTooFar", OutsideWindow = "OutsideWindow", WindowMissed = "WindowMissed", TooManyPending = "TooManyPending",
        DeniedByApprover = "DeniedByApprover", ApprovalTimeout = "ApprovalTimeout", TooLate = "TooLate", LimitReached = "LimitReached",
        CoolingDown = "CoolingDown", JournalUnavailable = "JournalUnavailable", NoGateway = "NoGateway",
        VouchersNotAllowed = "VouchersNotAllowed", VoucherInvalid = "VoucherInvalid", VoucherNotSigned = "VoucherNotSigned",
        VoucherForAnother = "VoucherForAnother", VoucherNotYetValid = "VoucherNotYetValid", VoucherExpired = "VoucherExpired",
        VoucherRevoked = "VoucherRevoked", VoucherUsed = "VoucherUsed", VoucherProofInvalid = "VoucherProofInvalid", HolderNotAllowed = "HolderNotAllowed",
        CourierNotAllowed = "CourierNotAllowed", VoucherRequired = "VoucherRequired", TooManyUses = "TooManyUses",
        AuthorityNotFound = "AuthorityNotFound", AuthoritySuspended = "AuthoritySuspended", AuthorityNotSealed = "AuthorityNotSealed",
        AuthorityNotReady = "AuthorityNotReady", NotADrill = "NotADrill", DrillsForbidden = "DrillsForbidden";

    /// <summary>All of them, so that each has its counter from the start.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        NameTooLong, RequesterNotSealed, SealBroken, RequesterMissing, PolicyNotFound, PolicyDeleted, PolicySuspended, PolicyNotSealed,
        PolicyNotReady, RequesterNotAllowed, ClaimMissing, RoleChanged, JustificationTooShort, JustificationTooLong, TicketMissing, TicketMismatch,
        DurationInvalid, DurationTooLong, AccessUnknown, StartTimeNotAllowed, RecipientKeyNotUsed, RecipientKeyInvalid, RoleNotFound,
        NamespaceNotReached, TooManyNamespaces, NothingSelected, Lockdown, ReviewPending, StartTimeTooFar, OutsideWindow, WindowMissed,
        TooManyPending, DeniedByApprover, ApprovalTimeout, TooLate, LimitReached, CoolingDown,
        JournalUnavailable, NoGateway,
        VouchersNotAllowed, VoucherInvalid, VoucherNotSigned, VoucherForAnother, VoucherNotYetValid, VoucherExpired, VoucherRevoked, VoucherUsed,
        VoucherProofInvalid, HolderNotAllowed, CourierNotAllowed, VoucherRequired, TooManyUses, AuthorityNotFound, AuthoritySuspended, AuthorityNotSealed,
        AuthorityNotReady, NotADrill, DrillsForbidden,
    ];
}
