using BreakGlass.Core.Model;

namespace BreakGlass.Core.Leftovers;

/// <summary>What stamps the objects that grants' identities create, by the API server's own word.</summary>
/// <param name="Webhook">The webhook configuration <c>breakglass-operator-stamp</c>: it stamps, and sets owners, while a replica answers.</param>
/// <param name="Policy">The MutatingAdmissionPolicy <c>breakglass-stamp</c> and its binding: they stamp also while none answers.</param>
/// <param name="CanBe">Whether the server can choose by user whom it asks a webhook about, as the stamp needs: from Kubernetes 1.28 on.</param>
public sealed record StampInstallation(bool Webhook, bool Policy, bool CanBe)
{
    /// <summary>The name of the webhook configuration.</summary>
    public const string WebhookName = "breakglass-operator-stamp";

    /// <summary>The name of the admission policies, and of their bindings.</summary>
    public const string PolicyName = "breakglass-stamp";

    /// <summary>Whether anything is stamped at all.</summary>
    public bool Any => Webhook || Policy;

    /// <summary>What that means for the grants of a policy, for the condition <c>Stamped</c>.</summary>
    public (bool Stamped, string Reason, string Message) For(PolicySpec policy) => (policy.Credential, Webhook, Policy, CanBe) switch
    {
        (CredentialKind.BindRequester, _, _, _) => (false, PolicyConditions.NotWatched,
            "Grants act as the requester, so objects that they create are neither labelled nor removed. Use credential ServiceAccountToken if that matters."),
        (_, true, _, _) when policy.Leftovers is LeftoverHandling.Remove => (true, PolicyConditions.StampInstalled,
            $"Objects that a grant's identity creates have the label {BreakGlassApi.MadeByLabel} and are removed with the grant's binding."),
        (_, true, _, _) => (true, PolicyConditions.StampInstalled,
            $"Objects that a grant's identity creates have the label {BreakGlassApi.MadeByLabel}; "
                + "those that exist at the end are listed in the grant's status.residue."),
        (_, false, true, _) when policy.Leftovers is LeftoverHandling.Remove => (false, PolicyConditions.OwnersNotSet,
            $"Objects that a grant's identity creates are labelled by the API server but not removed: MutatingWebhookConfiguration {WebhookName} is missing. "
                + "Apply config/guard."),
        (_, false, true, _) =>
            (true, PolicyConditions.StampedByPolicy, $"The API server adds the label {BreakGlassApi.MadeByLabel} to objects that a grant's identity creates."),
        (_, false, false, true) =>
            (false, PolicyConditions.StampMissing, "Objects that a grant's identity creates are neither labelled, reported nor removed. Apply config/guard."),
        _ => (false, PolicyConditions.ServerTooOld, "Objects that a grant's identity creates are neither labelled, reported nor removed: "
            + "that requires Kubernetes 1.28. Check the API server's audit log for them."),
    };
}
