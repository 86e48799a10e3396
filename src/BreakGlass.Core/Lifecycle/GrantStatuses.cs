using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using Kube.Model;

namespace BreakGlass.Core.Lifecycle;

/// <summary>The statuses that a grant goes through, in words.</summary>
internal static class GrantStatuses
{
    public const string Operator = "breakglass-operator";

    public static GrantStatus Denied(BreakGlassGrant grant, Problem problem, DateTimeOffset now) =>
        Moved(grant, GrantPhase.Denied, Operator, problem.Reason, now) with
        {
            EndedAt = Timestamp.Millis(now),
            EndReason = EndReason.Denied,
            Conditions = grant.Status.Conditions
                .With("Authorized", false, problem.Reason, Sentence(problem.ToString()), grant.Metadata.Generation, now)
                .With("Active", false, "Denied", "Access was not given; see the condition Authorized.", grant.Metadata.Generation, now),
        };

    public static GrantStatus Held(BreakGlassGrant grant, TimeSpan skew, CoreSettings settings, DateTimeOffset now) => grant.Status with
    {
        ObservedGeneration = grant.Metadata.Generation,
        Phase = GrantPhase.Pending,
        Conditions = grant.Status.Conditions.With("Authorized", null, "ClockSkew",
            $"The operator's clock is more than {GoDuration.Format(settings.LargestClockSkew)} away from the API server's ({(skew < TimeSpan.Zero ? "behind" : "ahead")}), so the end of a grant could not be kept. "
            + "Mend the clock (NTP) of the operator's node or of the control plane; the grant is activated as soon as they agree.", grant.Metadata.Generation, now),
    };

    public static GrantStatus Recorded(BreakGlassGrant grant, BreakGlassPolicy policy, Verdict verdict, CoreSettings settings, DateTimeOffset now)
    {
        var at = Timestamp.Millis(now);
        var token = policy.Spec.Credential is CredentialKind.ServiceAccountToken;
        var identity = $"{settings.GrantsNamespace}/{GrantNames.Identity(grant)}";
        return Moved(grant, GrantPhase.Pending, Requester(grant), "Requested", now) with
        {
            ActivatedAt = at,
            ExpiresAt = at + verdict.Duration,
            PolicyUid = policy.Metadata.Uid,
            Credential = policy.Spec.Credential,
            Access = verdict.Access,
            Bindings = [.. verdict.Targets.Select(t => GrantNames.Record(grant, t))],
            ServiceAccount = token ? identity : null,
            CredentialSecret = token ? identity : null,
            Conditions = grant.Status.Conditions
                .With("Authorized", true, "PolicyAllows", $"Policy '{grant.Spec.Policy}' allows it to {Requester(grant)} for {GoDuration.Format(verdict.Duration)}.", grant.Metadata.Generation, now)
                .With("Approved", true, "NotRequired", "Policies of mode BreakGlass give access at once; it is reviewed afterwards.", grant.Metadata.Generation, now)
                .With("Active", false, "Opening", "Access is being made.", grant.Metadata.Generation, now)
                .With("Revoked", false, "NotEnded", "Access has not ended yet.", grant.Metadata.Generation, now),
        };
    }

    public static GrantStatus Activated(BreakGlassGrant grant, IReadOnlyList<BindingRecord> bindings, DateTimeOffset? credentialEnds, string? jwe, DateTimeOffset now) =>
        Moved(grant, GrantPhase.Active, Requester(grant), "PolicyAllows", now) with
        {
            Bindings = bindings,
            CredentialExpiresAt = credentialEnds,
            CredentialJwe = jwe,
            Conditions = grant.Status.Conditions.With("Active", true, "AccessGiven", HowTo(grant), grant.Metadata.Generation, now),
        };

    public static GrantStatus Ended(BreakGlassGrant grant, Ending ending, DateTimeOffset now)
    {
        var phase = ending.Reason switch
        {
            EndReason.Expired => GrantPhase.Expired,
            EndReason.Failed => GrantPhase.Failed,
            _ => GrantPhase.Revoked,
        };
        var recorded = grant.Status.ExpiresAt is not null;
        var conditions = grant.Status.Conditions.With("Active", false, ending.ConditionReason, ending.Sentence, grant.Metadata.Generation, now);
        if (recorded) conditions = conditions.With("Revoked", false, "Proving", "The bindings are gone; being proven by SubjectAccessReview and TokenReview.", grant.Metadata.Generation, now);
        if (recorded && phase is not GrantPhase.Failed)
        {
            conditions = conditions.With("Reviewed", false, "ReviewPending",
                $"What was done with this grant waits for its review by the reviewers of policy '{grant.Spec.Policy}'.", grant.Metadata.Generation, now);
        }

        return Moved(grant, phase, ending.Actor, ending.ConditionReason, now) with
        {
            EndedAt = Timestamp.Millis(now),
            EndReason = ending.Reason,
            Conditions = conditions,
        };
    }

    /// <summary>A terminal phase that was set by hand has no end, from which proof and retention count.</summary>
    public static GrantStatus EndedByHand(BreakGlassGrant grant, DateTimeOffset now) => grant.Status with
    {
        ObservedGeneration = grant.Metadata.Generation,
        EndedAt = Timestamp.Millis(now),
        Conditions = grant.Status.Conditions.With("Active", false, "Ended", "Access ended, since the phase in the status says so.", grant.Metadata.Generation, now),
    };

    public static GrantStatus Proven(BreakGlassGrant grant, Proof proof, DateTimeOffset now)
    {
        var token = proof.TokenDead switch
        {
            true => " TokenReview refuses the token.",
            _ when grant.Status.Credential is CredentialKind.BindRequester => "",
            _ => " The Secret and the ServiceAccount that the token was bound to are gone, and with them every token of the grant.",
        };
        var elsewhere = proof.Elsewhere.Count == 0
            ? ""
            : $" The same access is still there through bindings that are not of this grant: {string.Join("; ", proof.Elsewhere.Take(3))}{(proof.Elsewhere.Count > 3 ? "; …" : "")}";
        return grant.Status with
        {
            ObservedGeneration = grant.Metadata.Generation,
            Residue = proof.Elsewhere.Count == 0 ? grant.Status.Residue : [.. grant.Status.Residue.Union(proof.Elsewhere.Take(20).Select(e => $"access elsewhere: {e}"))],
            Conditions = grant.Status.Conditions.With("Revoked", true, "Proven",
                $"SubjectAccessReview finds no access through this grant.{token}{elsewhere}", grant.Metadata.Generation, now),
        };
    }

    public static string Requester(BreakGlassGrant grant) => grant.Spec.Requester?.Username is { Length: > 0 } name ? name : "unknown";

    private static string HowTo(BreakGlassGrant grant)
    {
        var until = $"Access works until {Timestamp.Text(grant.Status.ExpiresAt!.Value)}.";
        if (grant.Status.Credential is CredentialKind.BindRequester) return $"{until} Use your own credentials. To end it sooner set spec.revoke.";
        if (grant.Spec.RecipientKey is not null) return $"{until} Decrypt status.credentialJwe with your private key; it is a kubeconfig. To end it sooner set spec.revoke.";
        var (ns, name) = Split(grant.Status.CredentialSecret);
        return $"{until} Get the kubeconfig with: kubectl get secret -n {ns} {name} -o jsonpath='{{.data.kubeconfig}}' | base64 -d. To end it sooner set spec.revoke.";
    }

    private static (string Namespace, string Name) Split(string? key) =>
        key?.Split('/', 2) is [var ns, var name] ? (ns, name) : ("", key ?? "");

    public static string Sentence(string text) => text.EndsWith('.') ? text : text + ".";

    private static GrantStatus Moved(BreakGlassGrant grant, GrantPhase to, string actor, string reason, DateTimeOffset now) => grant.Status with
    {
        ObservedGeneration = grant.Metadata.Generation,
        Phase = to,
        Transitions = [.. grant.Status.Transitions, new() { At = Timestamp.Millis(now), From = grant.Status.Phase, To = to, Actor = actor, Reason = reason }],
    };
}

/// <summary>Why and by whom a grant ends.</summary>
/// <param name="Reason">For the status.</param>
/// <param name="ConditionReason">For the condition; finer where something failed.</param>
/// <param name="Actor">Who caused it.</param>
/// <param name="Sentence">For people.</param>
internal sealed record Ending(EndReason Reason, string ConditionReason, string Actor, string Sentence);
