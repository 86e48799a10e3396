using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using Kube.Model;

namespace BreakGlass.Core.Lifecycle;

/// <summary>From the record to working access, in as few rounds as the API allows.</summary>
internal static class GrantOpening
{
    /// <summary>A clock second and a round trip may lie between our count and the server's.</summary>
    private static readonly TimeSpan TokenSlack = TimeSpan.FromSeconds(30);

    public static readonly TimeSpan ShortestToken = TimeSpan.FromMinutes(10);

    public static GrantPlan Decide(GrantFacts facts, BreakGlassGrant grant)
    {
        var wanted = Wanted.For(facts, grant);
        if (wanted.Foreign is { } foreign) return GrantClosing.Decide(facts, grant, ForeignObject(foreign));

        // Before anything is made: what the closing takes away would be made again, round after round.
        if (CredentialEnd(facts, wanted) is { } end && end > LatestTokenEnd(facts, grant) + TokenSlack)
        {
            return GrantClosing.Decide(facts, grant, new(EndReason.Failed, "TokenTooLong", GrantStatuses.Operator,
                $"The API server issued a token until {Timestamp.Text(end)}, longer than the grant; it was destroyed. Check the API server's --service-account-extend-token-expiration."));
        }

        if (wanted.RecordFirst(grant) is { } record) return record;

        var steps = new List<PlanStep>();
        if (!GrantLifecycle.HasFinalizer(grant)) steps.Add(new PlanStep.AddFinalizer());
        steps.AddRange(wanted.Mend(wanted.Base, isRepair: false));

        // Nothing gives access before the finalizer holds the grant.
        if (GrantLifecycle.HasFinalizer(grant)) steps.AddRange(wanted.Mend(wanted.Bindings, isRepair: false));
        steps.AddRange(GrantKeeping.NoLongerWanted(facts, grant, wanted));
        var credential = GrantKeeping.StaleCredential(facts, wanted) ?? Credential(facts, grant, wanted);
        if (credential is PlanStep.IssueToken or PlanStep.Remove) steps.Add(credential);
        if (steps.Count > 0) return GrantPlan.Do([.. steps]);

        if (credential is not null) steps.Add(credential);
        steps.AddRange(wanted.Mend(wanted.Reader, isRepair: false));
        if (facts.Attempt.AccessSeen is null && wanted.AccessQuestion(facts, grant) is { } question) steps.Add(new PlanStep.CheckAccess(question));
        if (steps.Count > 0) return GrantPlan.Do([.. steps]);

        var status = GrantStatuses.Activated(grant, [.. wanted.Records(grant), .. wanted.Obsolete(grant)], CredentialEnd(facts, wanted) ?? grant.Status.CredentialExpiresAt,
            grant.Spec.RecipientKey is null ? null : facts.Attempt.Token?.Jwe ?? grant.Status.CredentialJwe, facts.Now);
        var bypass = GrantConditions.IsBypassed(grant) ? Conditions.Find(grant.Status.Conditions, GrantConditions.Approved)!.Message : null;
        return GrantPlan.Do(new PlanStep.WriteStatus(status, new GrantNote(bypass is not null, "GrantActivated", "Activate",
            $"{(bypass is null ? "" : bypass + " ")}{GrantStatuses.Requester(grant)} has access until {Timestamp.Text(grant.Status.ExpiresAt!.Value)}: {string.Join(", ", grant.Status.Access.Select(e => $"{e.RoleRef}"))} in {wanted.Bindings.Count} place(s).")));
    }

    /// <summary>The next step towards a delivered credential, or null where it is delivered or there is none.</summary>
    public static PlanStep? Credential(GrantFacts facts, BreakGlassGrant grant, Wanted wanted)
    {
        if (grant.Status.Credential is not CredentialKind.ServiceAccountToken) return null;
        if (wanted.Actual<ServiceAccount>() is not { } account || wanted.Actual<SecretMetadata>() is not { } secret) return null;

        var delivered = secret.Metadata.Annotations.TryGetValue(GrantObjects.DeliveredAnnotation, out var uid) && uid == account.Metadata.Uid;
        var inHand = facts.Attempt.Token is { } token && token.ServiceAccountUid == account.Metadata.Uid && token.SecretUid == secret.Metadata.Uid;
        if (delivered && (grant.Spec.RecipientKey is null || grant.Status.CredentialJwe is not null || inHand)) return null;
        if (inHand) return new PlanStep.Deliver(secret, account.Metadata.Uid!);

        var lifetime = GrantEnding.Due(grant, facts.Settings) - facts.Now;
        return new PlanStep.IssueToken(account, secret, lifetime > ShortestToken ? lifetime : ShortestToken);
    }

    public static DateTimeOffset? CredentialEnd(GrantFacts facts, Wanted wanted) =>
        facts.Attempt.Token?.ExpiresAt
        ?? (wanted.Actual<SecretMetadata>() is { } secret
            && secret.Metadata.Annotations.TryGetValue(GrantObjects.TokenExpiresAtAnnotation, out var text) && Timestamp.TryParse(text, out var end)
            ? Timestamp.Millis(end)
            : null);

    private static DateTimeOffset LatestTokenEnd(GrantFacts facts, BreakGlassGrant grant)
    {
        var due = GrantEnding.Due(grant, facts.Settings);
        return due > facts.Now + ShortestToken ? due : facts.Now + ShortestToken;
    }

    public static Ending ForeignObject(IKubeObject o) => new(EndReason.Failed, "ForeignObject", GrantStatuses.Operator,
        $"There is already a {o.Kind} '{ObjectKey.Of(o)}' that was not made for this grant; it was left alone. Find out whose it is, remove it, and create a new grant.");
}
