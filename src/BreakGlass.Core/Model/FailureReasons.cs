namespace BreakGlass.Core.Model;

#pragma warning disable CS1591 // The names are what a person reads; docs/concepts.md explains each.

/// <summary>Why access could not be created, or a grant failed for safety, in the condition Active and in the metric of denials.</summary>
public static class FailureReasons
{
    public const string
        AdmissionDenied = "AdmissionDenied", WebhookUnavailable = "WebhookUnavailable", QuotaExceeded = "QuotaExceeded",
        EscalationRefused = "EscalationRefused", Forbidden = "Forbidden", Invalid = "Invalid", NamespaceMissing = "NamespaceMissing",
        NamespaceTerminating = "NamespaceTerminating", RoleNotFound = DenialReasons.RoleNotFound, Refused = "Refused", ServerBusy = "ServerBusy",
        ServerError = "ServerError", Recreated = "Recreated", Contested = GrantConditions.Contested, ForeignObject = "ForeignObject",
        TokenTooLong = "TokenTooLong", RecordLost = "RecordLost", RecordForged = "RecordForged", SpecChanged = "SpecChanged",
        GatewayNotReady = "GatewayNotReady";

    /// <summary>All of them, so that each has its counter from the start.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        AdmissionDenied, WebhookUnavailable, QuotaExceeded, EscalationRefused, Forbidden, Invalid, NamespaceMissing, NamespaceTerminating,
        RoleNotFound, Refused, ServerBusy, ServerError, Recreated, Contested, ForeignObject, TokenTooLong, RecordLost, RecordForged, SpecChanged,
        GatewayNotReady,
    ];
}
