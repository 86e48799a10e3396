using BreakGlass.Core.Model;

namespace BreakGlass.Core.Guard;

/// <summary>What of the persistence guard is installed, by the API server's own word.</summary>
/// <param name="Webhook">The webhook configuration <c>breakglass-operator-guard</c>: it refuses and records while a replica answers.</param>
/// <param name="Policies">
/// The ValidatingAdmissionPolicy <c>breakglass-guard</c> and its binding: they refuse also while none answers. Null where the server has no such kinds
/// (before Kubernetes 1.30).
/// </param>
public sealed record GuardInstallation(bool Webhook, bool? Policies)
{
    /// <summary>The name of the guard's ValidatingAdmissionPolicy, and of its binding.</summary>
    public const string PolicyName = "breakglass-guard";

    /// <summary>
    /// What that means for the grants of a policy: whether anything guards them, and for the condition <c>Guarded</c> why and in what words.
    /// </summary>
    public (bool Guarded, string Reason, string Message) For(PolicySpec policy) => (policy.Credential, Webhook, Policies) switch
    {
        (CredentialKind.BindRequester, _, _) => (false, PolicyConditions.NotWatched,
            "Grants act as the requester, whom the persistence guard does not watch. Use credential ServiceAccountToken if that matters."),
        (_, true, true) or (_, true, null) => (true, PolicyConditions.GuardInstalled,
            "The persistence guard refuses and records writes that would let access outlive the grant, except what spec.allowPersistence allows."),
        (_, true, false) => (true, PolicyConditions.WebhookAlone,
            "Only the operator's webhook enforces the persistence guard, although this API server can enforce it even if the operator is down. "
                + "Apply config/guard instead of config/guard-1.28 or config/guard-legacy."),
        (_, false, true) => (true, PolicyConditions.NotRecorded,
            "The persistence guard refuses writes that would let access outlive the grant, but attempts are not recorded: MutatingWebhookConfiguration "
                + "breakglass-operator-guard does not exist. Apply config/guard."),
        (_, false, null) => (false, PolicyConditions.GuardMissing, "Nothing prevents a grant's identity from creating access that outlives its grant. "
            + "Apply config/guard-1.28, or config/guard-legacy below Kubernetes 1.28."),
        _ => (false, PolicyConditions.GuardMissing, "Nothing prevents a grant's identity from creating access that outlives its grant. Apply config/guard."),
    };
}
