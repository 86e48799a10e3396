using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Lifecycle;

/// <summary>The statuses that a grant goes through, in words.</summary>
internal static class GrantStatuses
{
    public const string Operator = "breakglass-operator";

    public const string DeniedAccess =
        "Access was given, and the API server denies it. An authorizer other than RBAC may deny it, such as a webhook or structured authorization; "
            + "or the API server's RBAC cache lags.";

    /// <summary>How long until the API server is asked again about access that it denies.</summary>
    public static readonly TimeSpan DeniedRetry = TimeSpan.FromSeconds(10);

    private const int MostCauses = 3;
    private const int MostNames = 5;

    /// <summary>Denied: by the policy, which the condition Authorized says, or by approvers or for want of them, which Approved says.</summary>
    public static GrantStatus Denied(BreakGlassGrant grant, Problem problem, EndReason reason, string actor, ApprovalOutcome? approval, DateTimeOffset now)
    {
        var (generation, condition) = (grant.Metadata.Generation, approval is null ? GrantConditions.Authorized : GrantConditions.Approved);
        return Moved(grant, GrantPhase.Denied, actor, problem.Reason, now) with
        {
            EndedAt = Timestamp.Millis(now),
            EndReason = reason,
            Approvals = approval?.Records ?? grant.Status.Approvals,
            Conditions = grant.Status.Conditions
                .With(condition, false, problem.Reason, Sentence(problem.ToString()), generation, now)
                .With(GrantConditions.Active, false, "Denied", $"Access was not given; see the condition {condition}.", generation, now),
        };
    }

    /// <summary>Waiting for approvers or for the start: nothing is recorded yet that could open.</summary>
    public static GrantStatus Waits(BreakGlassGrant grant, BreakGlassPolicy policy, GrantPhase phase, Opening opening, DateTimeOffset now)
    {
        var generation = grant.Metadata.Generation;
        var status = grant.Status.Phase == phase
            ? grant.Status with { ObservedGeneration = generation }
            : Moved(grant, phase, Requester(grant), phase is GrantPhase.Scheduled ? "StartInFuture" : "ApprovalRequired", now);
        return status with
        {
            PolicyUid = policy.Metadata.Uid,
            Approvals = opening.Approval.Records,
            Conditions = Agreed(grant, opening, now).With(GrantConditions.Active, false, phase.ToString(), phase is GrantPhase.Scheduled
                ? $"Access starts at {Timestamp.Text(StartRules.Start(grant, now))}."
                : "Access waits for approval; see the condition Approved.", generation, now),
        };
    }

    public static GrantStatus Held(BreakGlassGrant grant, TimeSpan skew, CoreSettings settings, DateTimeOffset now) => grant.Status with
    {
        ObservedGeneration = grant.Metadata.Generation,
        Phase = grant.Status.Phase ?? GrantPhase.Pending,
        Conditions = grant.Status.Conditions.With(GrantConditions.Authorized, null, "ClockSkew",
            $"The operator's clock is more than {GoDuration.Format(settings.LargestClockSkew)} away from the API server's "
                + $"({(skew < TimeSpan.Zero ? "behind" : "ahead")}), so the end of a grant could not be kept. "
            + "Mend the clock (NTP) of the operator's node or of the control plane; the grant is activated as soon as they agree.",
            grant.Metadata.Generation, now),
    };

    public static GrantStatus Recorded(BreakGlassGrant grant, BreakGlassPolicy policy, Opening opening, CoreSettings settings, DateTimeOffset now)
    {
        var (at, generation) = (Timestamp.Millis(now), grant.Metadata.Generation);
        var token = policy.Spec.Credential is CredentialKind.ServiceAccountToken;
        var identity = $"{settings.GrantsNamespace}/{GrantNames.Identity(grant)}";
        var conditions = Agreed(grant, opening, now)
            .With(GrantConditions.Active, false, GrantConditions.Opening, "Access is being made.", generation, now)
            .With(GrantConditions.Revoked, false, "NotEnded", "Access has not ended yet.", generation, now);
        return Moved(grant, GrantPhase.Pending, Requester(grant), GrantWaiting.IsWaiting(grant) ? "Opening" : "Requested", now) with
        {
            ActivatedAt = at,
            ExpiresAt = GrantEnd.Recorded(at, opening.Duration, opening.Window).At,
            PolicyUid = policy.Metadata.Uid,
            Credential = policy.Spec.Credential,
            Access = opening.Verdict.Access,
            Bindings = [.. opening.Verdict.Targets.Select(t => GrantNames.Record(grant, t))],
            ServiceAccount = token ? identity : null,
            CredentialSecret = token ? identity : null,
            Approvals = opening.Approval.Records,
            Conditions = ReviewRules.IsRequired(policy.Spec) || opening.Approval.Stage is ApprovalStage.Bypassed
                ? conditions.With(GrantConditions.Reviewed, null, GrantConditions.NotEnded, "It is reviewed once access is over.", generation, now)
                : conditions,
        };
    }

    public static GrantStatus Activated(BreakGlassGrant grant, Wanted wanted, IReadOnlyList<BindingRecord> bindings, DateTimeOffset? credentialEnds,
        string? jwe, bool isDenied, DateTimeOffset now) =>
            Moved(grant, GrantPhase.Active, Requester(grant), "PolicyAllows", now) with
            {
                Bindings = bindings,
                CredentialExpiresAt = credentialEnds,
                CredentialJwe = jwe,
                Conditions = Access(grant, wanted, isDenied, now),
            };

    /// <summary>What there is of access, in the condition Active. Access that works nowhere is not called access, though the grant goes on.</summary>
    /// <param name="grant">The grant.</param>
    /// <param name="wanted">What is to be there, and what is.</param>
    /// <param name="isDenied">The bindings are there, and the API server's authorizer denies what they give.</param>
    /// <param name="now">The time.</param>
    public static IReadOnlyList<Condition> Access(BreakGlassGrant grant, Wanted wanted, bool isDenied, DateTimeOffset now)
    {
        var (all, ends) = (wanted.Open + wanted.Gaps.Count, Timestamp.Text(grant.Status.ExpiresAt!.Value));
        if (wanted is { Open: 0, Gaps.Count: > 0 })
        {
            return grant.Status.Conditions.With(GrantConditions.Active, false, GrantConditions.Interrupted,
                $"Access was given, and works in none of its {all} place(s) now. {NotIn(wanted.Gaps)} What can be tried again is, "
                    + $"until the grant ends at {ends}.", grant.Metadata.Generation, now);
        }

        if (isDenied)
        {
            return grant.Status.Conditions.With(GrantConditions.Active, false, GrantConditions.Interrupted,
                $"{DeniedAccess} The operator asks again every {DeniedRetry.TotalSeconds:0} s until the grant ends at {ends}.",
                grant.Metadata.Generation, now);
        }

        var reason = wanted.Gaps.Count > 0 ? GrantConditions.Partial : wanted.Contested.Count > 0 ? GrantConditions.Contested : "AccessGiven";
        var places = wanted.Gaps.Count == 0 ? "" : $" in {wanted.Open} of {all} places. {NotIn(wanted.Gaps)} What can be tried again is, until the grant ends";
        var contested = wanted.Contested.Count == 0 ? "" : $" {Fight(wanted.Contested)}";
        return grant.Status.Conditions.With(
            GrantConditions.Active, true, reason, $"Access works until {ends}{places}.{contested} {HowTo(grant)}", grant.Metadata.Generation, now);
    }

    /// <summary>That access is being made, and what keeps it.</summary>
    public static GrantStatus Opening(BreakGlassGrant grant, Wanted wanted, DateTimeOffset next, DateTimeOffset now)
    {
        var held = wanted.Must.Select(m => (Object: m, History: wanted.HistoryOf(m))).FirstOrDefault(x => x.History is { Answer: not null });
        var why = held.History is { } history ? $"{held.Object.KindName} {held.Object.Key}: {history.Why}" : wanted.Gaps.Count > 0 ? NotIn(wanted.Gaps) : "";
        var message = why.Length == 0 ? "Access is being made." : $"Access is being made: {why} Next try at {Timestamp.Text(next)}.";
        return grant.Status with { Conditions = grant.Status.Conditions.With(
            GrantConditions.Active, false, GrantConditions.Opening, message, grant.Metadata.Generation, now) };
    }

    /// <summary>The places without access, by cause; a few of each, since there may be a thousand.</summary>
    public static string NotIn(IReadOnlyList<Gap> gaps)
    {
        var causes = gaps.GroupBy(g => g.Why).OrderByDescending(g => g.Count()).ToList();
        var said = causes.Take(MostCauses).Select(
            c => $"Not in {Few([.. c.Select(g => g.Record.Namespace ?? $"the whole cluster ({g.Record.Role})")])}: {Sentence(c.Key)}");
        return $"{string.Join(" ", said)}"
            + $"{(causes.Count > MostCauses ? $" There are {causes.Count - MostCauses} more causes; status.bindings has all places." : "")}";
    }

    /// <summary>Who changes what again and again.</summary>
    public static string Fight(IReadOnlyList<PlaceHistory> contested) => string.Join(" ", contested.Take(MostCauses).Select(h =>
        $"{h.Whom} labels, annotations or owners of {h.Place.KindName} {h.Place.Key} again and again. That gives nobody access; "
            + $"the operator has stopped putting it right for {GoDuration.Format(PlaceHistory.Truce)}. Find out who it is."));

    private static string Few(IReadOnlyList<string> names) =>
        names.Count <= MostNames ? string.Join(", ", names) : $"{string.Join(", ", names.Take(MostNames))} and {names.Count - MostNames} more";

    public static GrantStatus Ended(BreakGlassGrant grant, Ending ending, BreakGlassPolicy? policy, DateTimeOffset now)
    {
        var phase = ending.Reason switch
        {
            EndReason.Expired => GrantPhase.Expired,
            EndReason.Failed => GrantPhase.Failed,
            _ => GrantPhase.Revoked,
        };
        var recorded = grant.Status.ExpiresAt is not null;
        var conditions = grant.Status.Conditions;
        if (recorded && grant.Status.AwaitsReview)
        {
            // What failed before it opened did nothing that could be reviewed.
            conditions = phase is GrantPhase.Failed && !grant.Status.WasActive
                ? conditions.Without(GrantConditions.Reviewed) : GrantReviewing.Pending(grant, policy, now);
        }

        conditions = conditions.With(GrantConditions.Active, false, ending.ConditionReason, ending.Sentence, grant.Metadata.Generation, now);
        if (recorded) conditions = conditions.With(GrantConditions.Revoked, false, "Proving",
            "Access is cut; SubjectAccessReview and TokenReview are being asked for the proof.", grant.Metadata.Generation, now);
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
        Conditions = grant.Status.Conditions.With(
            "Active", false, "Ended", "Access ended, since the phase in the status says so.", grant.Metadata.Generation, now),
    };

    /// <summary>
    /// Access is over and is still there: nothing that would end it is let through. The reason is kept, so that what ended it once ends it for good.
    /// </summary>
    public static GrantStatus StillThere(BreakGlassGrant grant, Ending ending, string what, DateTimeOffset now) => grant.Status with
    {
        EndReason = ending.Reason,
        Conditions = grant.Status.Conditions.With(
            GrantConditions.Active, Conditions.IsTrue(grant.Status.Conditions, GrantConditions.Active), GrantConditions.RevocationObstructed,
            $"{Sentence(ending.Sentence)} It still works, because it cannot be removed: {what} It is tried again every second.",
            grant.Metadata.Generation, now),
    };

    /// <summary>With what could not be removed, or without it once it is gone.</summary>
    public static GrantStatus WithObstructions(this GrantStatus status, BreakGlassGrant grant, string? what, DateTimeOffset now)
    {
        if (what is null && !Conditions.IsTrue(status.Conditions, GrantConditions.Obstructed)) return status;
        return status with
        {
            Conditions = what is null
                ? status.Conditions.With(
                    GrantConditions.Obstructed, false, "Removed", "Everything that was made for the grant is removed.", grant.Metadata.Generation, now)
                : status.Conditions.With(GrantConditions.Obstructed, true, GrantConditions.RevocationObstructed, what, grant.Metadata.Generation, now),
        };
    }

    public static GrantStatus Proven(BreakGlassGrant grant, Proof proof, DateTimeOffset now)
    {
        var access = proof.AccessGone
            ? "SubjectAccessReview finds no access through this grant."
            : "A binding of this grant is still there (see the condition Obstructed); the only identity that it names is gone.";
        var servers = proof.Servers > 1 ? $" {proof.Answered} of {proof.Servers} API servers answered." : "";
        var token = proof.TokenDead switch
        {
            true => " TokenReview refuses the token.",
            _ when grant.Status.Credential is CredentialKind.BindRequester => "",
            _ => " The Secret and the ServiceAccount that the token was bound to are gone, and with them every token of the grant.",
        };
        var elsewhere = proof.Elsewhere.Count == 0
            ? ""
            : " The same access is still there through bindings that are not of this "
                + $"grant: {string.Join("; ", proof.Elsewhere.Take(3))}{(proof.Elsewhere.Count > 3 ? "; …" : "")}";
        return grant.Status with
        {
            ObservedGeneration = grant.Metadata.Generation,
            Residue = proof.Elsewhere.Count == 0
                ? grant.Status.Residue : [.. grant.Status.Residue.Union(proof.Elsewhere.Take(20).Select(e => $"access elsewhere: {e}"))],
            Conditions = grant.Status.Conditions.With("Revoked", true, "Proven",
                $"{access}{token}{servers}{elsewhere}", grant.Metadata.Generation, now),
        };
    }

    /// <summary>Whoever is paged for it reads here what still works.</summary>
    public static GrantStatus Unproven(BreakGlassGrant grant, Proof proof, bool obstructed, DateTimeOffset now)
    {
        var access = proof.AccessGone || obstructed ? ""
            : " SubjectAccessReview still finds access through a binding of this grant, though all of them were deleted: look for one that was made anew.";
        var token = proof.TokenDead is false ? $" TokenReview still accepts the token: see whether ServiceAccount {grant.Status.ServiceAccount} is gone." : "";
        var what = obstructed
            ? "Not all of the grant could be removed (see the condition Obstructed), and the proof fails." : "The bindings are gone, and the proof fails.";
        var servers = proof.Servers > 1 ? $" {proof.Answered} of {proof.Servers} API servers answered." : "";
        return grant.Status with
        {
            Conditions = grant.Status.Conditions.With(
                GrantConditions.Revoked, false, "NotProven", $"{what}{access}{token}{servers} It is tried again every 10 s.", grant.Metadata.Generation, now),
        };
    }

    public static string Requester(BreakGlassGrant grant) => Callers.Shown(grant.Spec.Requester);

    private static IReadOnlyList<Condition> Agreed(BreakGlassGrant grant, Opening opening, DateTimeOffset now)
    {
        var approval = opening.Approval;
        return grant.Status.Conditions
            .With(GrantConditions.Authorized, true, "PolicyAllows",
            $"Policy '{grant.Spec.Policy}' allows it to {Requester(grant)} for {GoDuration.Format(opening.Duration)}.", grant.Metadata.Generation, now)
            .With(GrantConditions.Approved, approval.Stage is not (ApprovalStage.Waiting or ApprovalStage.Bypassed), approval.Stage switch
            {
                ApprovalStage.Waiting => "AwaitingApproval",
                ApprovalStage.Bypassed => GrantConditions.EmergencyBypass,
                var stage => stage.ToString(),
            }, approval.Sentence, grant.Metadata.Generation, now);
    }

    private static string HowTo(BreakGlassGrant grant)
    {
        if (grant.Status.Credential is CredentialKind.BindRequester) return "Use your own credentials. To end it sooner set spec.revoke.";
        if (grant.Spec.RecipientKey is not null)
            return "Decrypt status.credentialJwe with your private key; it is a kubeconfig. To end it sooner set spec.revoke.";
        var (ns, name) = Split(grant.Status.CredentialSecret);
        return $"Get the kubeconfig with: kubectl get secret -n {ns} {name} -o jsonpath='{{.data.kubeconfig}}' | base64 -d. To end it sooner set spec.revoke.";
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
