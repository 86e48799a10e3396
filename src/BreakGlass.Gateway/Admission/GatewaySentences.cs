using BreakGlass.Core.Rules;

namespace BreakGlass.Gateway.Admission;

/// <summary>What the gateway says to people. kubectl prints these sentences.</summary>
internal static class GatewaySentences
{
    public const string NoCertificate = "the gateway needs the client certificate of a grant, and the request has none. "
        + "Use the kubeconfig of a grant: kubectl breakglass request POLICY --reason REASON";

    public const string UnknownCertificate = "the gateway did not issue the client certificate. "
        + "Use the kubeconfig of a grant: kubectl breakglass request POLICY --reason REASON";

    public const string Stale = "the gateway cannot read the state of the grant because the API server does not answer. Try again";

    public const string Unreachable = "the gateway cannot reach the API server. Try again";

    public const string Broken = "the API server broke off the request. Check whether it took effect, then try again";

    public const string TokenNotIssued =
        "the API server did not issue a token to the gateway for the grant. Try again; if this lasts, check the gateway's log";

    public const string TokenRefused = "the API server did not accept the gateway's token of the grant. Try again; if this lasts, check the gateway's log";

    public const string ManyImpersonated =
        "the gateway cannot forward more than one value of an Impersonate header. Impersonate a user with one group, or with none";

    public const string OtherProtocol = "the gateway forwards upgrades to WebSocket and SPDY/3.1 over HTTP/1.1 only";

    public const string NotRecorded = "the gateway cannot record the session at the moment, and the policy of the grant allows no session that is not "
        + "recorded (onRecordingFailure: End). Try again; if this lasts, check whether the operator runs";

    public static string NoGrant(string grant) => $"the grant {grant} no longer exists. {RequestAgain("POLICY")}";

    public static string OtherGrant(string grant) =>
        $"the client certificate belongs to an earlier grant with the name {grant}. Use the kubeconfig of the grant";

    public static string OtherCertificate(string grant) =>
        $"the client certificate is not the one that the operator issued for the grant {grant}. Use the kubeconfig of the grant";

    public static string DirectPath(string grant) => $"the grant {grant} does not use the gateway. Use the kubeconfig of the grant";

    public static string NotActive(string grant, GrantPhase? phase) =>
        $"the grant {grant} gives no access yet (phase {phase ?? GrantPhase.Pending}). Wait for it: kubectl wait --for=condition=Active bgg/{grant}";

    public static string TooMany(int most) => $"more than {most} requests of the grant are open at this gateway. Close some of them, then try again";

    public static string Impersonation(string policy) =>
        $"the policy {policy} does not allow impersonation. Send the request without Impersonate headers (--as, --as-group), "
            + "or ask the policy's owners for allowPersistence: [impersonate]";

    public static string Narrowed(string grant, string request) =>
        $"the grant {grant} was narrowed and no longer allows this request ({request}). To see what it gives: kubectl get bgg {grant} -o yaml";

    public static string Lockdown(BreakGlassGrant grant, BreakGlassLockdown lockdown) =>
        $"the lockdown {lockdown.Metadata.Name} blocks the grant {grant.Metadata.Name} ({LockdownRules.Reason(lockdown)}). "
            + "To get access again after it is lifted: "
            + $"kubectl breakglass request {grant.Spec.Policy} --reason REASON";

    public static string Suspended(BreakGlassGrant grant) =>
        $"the policy {grant.Spec.Policy} of the grant {grant.Metadata.Name} is suspended. Ask its owners, or request access by another policy";

    /// <summary>How a grant ended; null if it did not.</summary>
    public static string? End(BreakGlassGrant grant, DateTimeOffset now)
    {
        var (name, status) = (grant.Metadata.Name, grant.Status);
        var again = RequestAgain(grant.Spec.Policy);

        // Over, though what gives access could not be removed yet: the phase is still Active then.
        if (!status.IsTerminal && status.EndReason is { } over) return $"the grant {name} is over ({over}). {again}";
        if (status.IsTerminal)
        {
            var at = status.EndedAt is { } ended ? $" at {Timestamp.Text(ended)}" : "";
            var why = Conditions.Find(status.Conditions, GrantConditions.Active) is { Status: "False", Message: { Length: > 0 } message }
                ? $": {VisibleText.Line(message)}" : status.EndReason is { } reason && $"{reason}" != $"{status.Phase}" ? $": {reason}" : "";
            return $"the grant {name} ended{at} ({status.Phase}{why}). {again}";
        }

        if (grant.Spec.Revoke is { } revoke)
        {
            return $"the grant {name} is revoked{(string.IsNullOrWhiteSpace(revoke.Reason) ? "" : $": {VisibleText.Line(revoke.Reason)}")}. {again}";
        }

        if (grant.Metadata.DeletionTimestamp is not null) return $"the grant {name} is deleted. {again}";
        return status.ExpiresAt is { } end && now >= end ? $"the grant {name} expired at {Timestamp.Text(end)}. {again}" : null;
    }

    private static string RequestAgain(string policy) => $"To get access again: kubectl breakglass request {policy} --reason REASON";
}
