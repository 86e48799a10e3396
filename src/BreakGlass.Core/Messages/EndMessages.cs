using BreakGlass.Core.Rules;
using static BreakGlass.Core.Messages.Words;

namespace BreakGlass.Core.Messages;

/// <summary>Why a grant ends.</summary>
internal static class EndMessages
{
    public const string Expired = "Access expired.";
    public const string Deleted = "Access was revoked because the grant was deleted.";
    public const string RevokedEarly = "The grant was revoked before access was given.";
    public const string SetByHand = "Access ended because the phase in the status says so.";
    public const string Obstructed = "Access ended; for a while it could not be removed, and the cause of its end may be gone by now.";
    public const string SpecChanged = "Access was revoked because the spec changed after the decision; servers from Kubernetes 1.25 on refuse such a change. "
        + "Find out who made it, and create a new grant.";
    public const string RecordForged = "Access was revoked because the operator did not write the record of what it gives and when it ends: somebody wrote it "
        + "into the status. " + WhoWritesStatus;
    public const string StatusReset = "The grant was over, and its status was reset as if it were not. The grant stays over. " + WhoWritesStatus;
    public const string RecordRemoved = "Access was revoked because the record of when it ends was removed from the status. " + WhoWritesStatus;
    public const string Copied = "The grant has the operator's annotation or finalizer as if it had given access, but no record of it: it was copied from "
        + "another grant, or its status was cleared. Create a new grant without the annotation " + BreakGlassApi.EndedAnnotation + " and without "
        + "metadata.finalizers; if it was not copied, find out who can write breakglassgrants/status.";
    public const string RequesterNotSealed = "spec.requester: the requester is not sealed, so the operator does not trust it";
    public const string NoEntryLeft = "spec.access: the policy has none of the grant's entries any more";

    private const string WhoWritesStatus = "Find out who can write breakglassgrants/status, and create a new grant.";

    public static string NotCreated(string why) => $"Access could not be created, and nothing is left of it. {why} Then create a new grant.";
    public static string Refused(Problem refusal) => $"Access could not be created, and nothing is left of it: {refusal}";
    public static string IdentityLost(Problem refusal) => $"Access ended because its identity was deleted together with its namespace: {refusal}";
    public static string WithoutNamespace(string ns, string? answer) =>
        $"the API server refused it: {answer}. Namespace '{ns}' must exist for the grants' identities, with the operator's Role and RoleBinding in it; "
            + "restore them with 'kubectl apply -k config/rbac', or with 'helm upgrade' of the chart, then create a new grant; "
            + "the operator needs no restart";
    public static string Revoked(string? reason) =>
        $"Access was revoked by spec.revoke{(string.IsNullOrWhiteSpace(reason) ? "." : $": {VisibleText.Line(reason)}")}";
    public static string Lockdown(BreakGlassLockdown lockdown) =>
        $"Access was revoked by lockdown '{lockdown.Metadata.Name}': {LockdownRules.Reason(lockdown)}.";
    public static string PolicyDeleted(string policy) => $"Access was revoked because policy '{policy}' was deleted.";
    public static string PolicySuspended(string policy) => $"Access was revoked because policy '{policy}' was suspended.";
    public static string Idle(string timeout, DateTimeOffset? lastUse) => $"Access was revoked because it was not used for {timeout}: "
        + (lastUse is { } at ? $"the last request was at {Timestamp.Text(at)}." : "there was no request.") + " Create a new grant if you need access again.";
    public static string Anomaly(string sentence) => $"Access was revoked because of unusual use (onAnomaly: Revoke). {sentence}";
    public static string PolicyNarrowed(string policy, string why) => $"Access was revoked because policy '{policy}' no longer allows it: {Sentence(why)}";
    public const string NoVouchers = "spec.vouchers: the policy no longer accepts vouchers";
    public static string VoucherRevoked(Problem why) => $"Access was revoked because its voucher is no longer honoured: {Sentence(why.Message)}";
    public static string NotARequester(BreakGlassGrant grant) =>
        $"{(VoucherRules.IsByVoucher(grant.Spec) ? "spec.vouchers.holders" : "spec.requesters")}: {Requester(grant)} is no longer one of them";
    public const string DrillsForbidden = "spec.drills: it is now Forbidden";
    public static string OtherCredential(BreakGlassPolicy policy) => $"spec.credential: it is now {policy.Spec.Credential}";
    public static string TooLong(BreakGlassPolicy policy) =>
        $"spec.duration.max: it is now {policy.Spec.Duration.Max}{(policy.Spec.Vouchers is { } v ? $", and {v.MaxDuration} for a grant by voucher" : "")}";
    public static string TokenTooLong(DateTimeOffset end) =>
        $"The API server issued a token until {Timestamp.Text(end)}, longer than the grant; the operator destroyed it. "
            + "Check the API server's --service-account-extend-token-expiration.";
    public static string Foreign(IKubernetesObject<V1ObjectMeta> o) => $"{AccessMessages.Foreign(o)}. Then create a new grant.";
    public static string Contested(IKubernetesObject<V1ObjectMeta> o, string why) =>
        $"Access was revoked because {o.KindName} {o.Key} gave something else than was decided and could not be restored: {why} "
            + "Find out who changes it, and create a new grant.";
}
