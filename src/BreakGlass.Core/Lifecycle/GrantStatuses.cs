using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Lifecycle;

/// <summary>The statuses that a grant goes through, in words.</summary>
internal static class GrantStatuses
{
    public const string Operator = "breakglass-operator";

    /// <summary>How long until the API server is asked again about access that it denies.</summary>
    public static readonly TimeSpan DeniedRetry = TimeSpan.FromSeconds(10);

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
                .With(condition, false, problem.Reason, Words.Sentence(problem.ToString()), generation, now)
                .With(GrantConditions.Active, false, nameof(GrantPhase.Denied), RequestMessages.NotGiven(condition), generation, now),
        };
    }

    /// <summary>Waiting for approvers or for the start: nothing is recorded yet that could open.</summary>
    public static GrantStatus Waits(BreakGlassGrant grant, BreakGlassPolicy policy, GrantPhase phase, Activation activation, DateTimeOffset now)
    {
        var generation = grant.Metadata.Generation;
        var status = grant.Status.Phase == phase
            ? grant.Status with { ObservedGeneration = generation }
            : Moved(grant, phase, Words.Requester(grant), phase is GrantPhase.Scheduled ? "StartInFuture" : "ApprovalRequired", now);
        return status with
        {
            PolicyUid = policy.Metadata.Uid,
            Approvals = activation.Approval.Records,
            Conditions = Agreed(grant, activation, now).With(GrantConditions.Active, false, phase.ToString(), phase is GrantPhase.Scheduled
                ? RequestMessages.StartsAt(StartRules.Start(grant, now)) : RequestMessages.WaitsForApproval, generation, now),
        };
    }

    public static GrantStatus Held(BreakGlassGrant grant, TimeSpan skew, CoreSettings settings, DateTimeOffset now) => grant.Status with
    {
        ObservedGeneration = grant.Metadata.Generation,
        Phase = grant.Status.Phase ?? GrantPhase.Pending,
        Conditions = grant.Status.Conditions.With(GrantConditions.Authorized, null, GrantConditions.ClockSkew, RequestMessages.ClockSkew(skew, settings),
            grant.Metadata.Generation, now),
    };

    public static GrantStatus Recorded(BreakGlassGrant grant, BreakGlassPolicy policy, Activation activation, CoreSettings settings, DateTimeOffset now)
    {
        var (at, generation) = (Timestamp.Millis(now), grant.Metadata.Generation);
        var token = policy.Spec.Credential is CredentialKind.ServiceAccountToken;
        var identity = $"{settings.GrantsNamespace}/{GrantNames.Identity(grant)}";
        var conditions = Agreed(grant, activation, now)
            .With(GrantConditions.Active, false, GrantConditions.Opening, AccessMessages.Opening, generation, now)
            .With(GrantConditions.Revoked, false, GrantConditions.NotEnded, AccessMessages.NotEnded, generation, now);
        return Moved(grant, GrantPhase.Pending, Words.Requester(grant), PendingGrant.IsWaiting(grant) ? GrantConditions.Opening : "Requested", now) with
        {
            ActivatedAt = at,
            ExpiresAt = GrantEnd.Recorded(at, activation.Duration, activation.Window).At,
            PolicyUid = policy.Metadata.Uid,
            Credential = policy.Spec.Credential,
            Path = GatewayRules.IsRequired(policy.Spec) ? SessionPath.Gateway : null,
            Recording = GatewayRules.Recording(policy.Spec),
            Access = activation.Verdict.Access,
            Bindings = [.. activation.Verdict.Targets.Select(t => GrantNames.Record(grant, t))],
            ServiceAccount = token ? identity : null,
            CredentialSecret = token ? identity : null,
            Approvals = activation.Approval.Records,
            Conditions = (ReviewRules.IsRequired(policy.Spec, grant.Spec) && !DrillRules.IsDrill(grant, settings))
                || activation.Approval.Stage is ApprovalStage.Bypassed
                ? conditions.With(GrantConditions.Reviewed, null, GrantConditions.NotEnded, ReviewMessages.NotEnded, generation, now)
                : conditions,
        };
    }

    public static GrantStatus Activated(
        BreakGlassGrant grant, DesiredObjects desired, IReadOnlyList<BindingRecord> bindings, GrantFacts facts, bool isDenied) =>
            Moved(grant, GrantPhase.Active, Words.Requester(grant), GrantConditions.PolicyAllows, facts.Now) with
            {
                Bindings = bindings,
                CredentialExpiresAt = GrantCredential.End(facts, desired) ?? grant.Status.CredentialExpiresAt,
                CredentialJwe = GrantCredential.Encrypted(facts, grant),
                Gateway = GrantCredential.Gateway(facts, grant, desired),
                Conditions = Access(grant, desired, isDenied, facts.Now),
            };

    /// <summary>What there is of access, in the condition Active. Access that works nowhere is not called access, though the grant goes on.</summary>
    /// <param name="grant">The grant.</param>
    /// <param name="desired">What is to be there, and what is.</param>
    /// <param name="isDenied">The bindings are there, and the API server's authorizer denies what they give.</param>
    /// <param name="now">The time.</param>
    public static IReadOnlyList<Condition> Access(BreakGlassGrant grant, DesiredObjects desired, bool isDenied, DateTimeOffset now)
    {
        var (all, ends, generation) = (desired.Open + desired.Gaps.Count, grant.Status.ExpiresAt!.Value, grant.Metadata.Generation);
        var (gaps, conditions) = (desired.Gaps.Count > 0 ? NotIn(desired.Gaps) : "", grant.Status.Conditions);
        if (desired is { Open: 0, Gaps.Count: > 0 })
            return conditions.With(GrantConditions.Active, false, GrantConditions.Interrupted, AccessMessages.WorksNowhere(all, gaps, ends), generation, now);
        if (isDenied)
            return conditions.With(GrantConditions.Active, false, GrantConditions.Interrupted, AccessMessages.IsDenied(DeniedRetry, ends), generation, now);
        var reason = gaps.Length > 0 ? GrantConditions.Partial : desired.Contested.Count > 0 ? GrantConditions.Contested : GrantConditions.AccessGiven;
        var message = AccessMessages.Works(grant, desired.Open, all, gaps, Fights(desired.Contested));
        return conditions.With(GrantConditions.Active, true, reason, message, generation, now);
    }

    /// <summary>That access is being made, and what keeps it.</summary>
    public static GrantStatus Opening(BreakGlassGrant grant, DesiredObjects desired, DateTimeOffset next, DateTimeOffset now)
    {
        var held = desired.Must.Select(m => (Object: m, History: desired.HistoryOf(m))).FirstOrDefault(x => x.History is { Answer: not null });
        var why = held.History is { } history ? $"{held.Object.KindName} {held.Object.Key}: {history.Why}" : desired.Gaps.Count > 0 ? NotIn(desired.Gaps) : "";
        var message = why.Length == 0 ? AccessMessages.Opening : AccessMessages.OpeningHeld(why, next);
        return grant.Status with { Conditions = grant.Status.Conditions.With(
            GrantConditions.Active, false, GrantConditions.Opening, message, grant.Metadata.Generation, now) };
    }

    /// <summary>That access waits for the journal, why, and until when.</summary>
    public static GrantStatus WaitsForJournal(BreakGlassGrant grant, string? problem, DateTimeOffset until, DateTimeOffset now)
    {
        var (reason, why) = problem is null
            ? (GrantConditions.NoJournal, JournalMessages.NotConfigured) : (GrantConditions.Backlog, JournalMessages.NotWritten(problem));
        return grant.Status with
        {
            Conditions = grant.Status.Conditions
                .With(GrantConditions.Journaled, false, reason, why, grant.Metadata.Generation, now)
                .With(GrantConditions.Active, false, GrantConditions.WaitsForJournal, JournalMessages.AccessWaits(why, until), grant.Metadata.Generation, now),
        };
    }

    public static string NotIn(IReadOnlyList<Gap> gaps) => AccessMessages.NotIn(gaps.Select(g => (g.Record, g.Why)));

    public static string Fights(IReadOnlyList<PlaceHistory> contested) =>
        AccessMessages.Fights([.. contested.Select(h => (h.With, h.Place))], PlaceHistory.Truce);

    public static GrantStatus Ended(BreakGlassGrant grant, Ending ending, BreakGlassPolicy? policy, DateTimeOffset now)
    {
        var phase = ending.Reason switch
        {
            EndReason.Expired => GrantPhase.Expired,
            EndReason.Failed => GrantPhase.Failed,
            EndReason.Denied => GrantPhase.Denied,
            _ => GrantPhase.Revoked,
        };
        var recorded = grant.Status.ExpiresAt is not null;
        var conditions = grant.Status.Conditions;
        if (recorded && grant.Status.AwaitsReview)
        {
            // What failed, or was denied, before it opened did nothing that could be reviewed.
            conditions = phase is GrantPhase.Failed or GrantPhase.Denied && !grant.Status.WasActive
                ? conditions.Without(GrantConditions.Reviewed) : ReviewedGrant.Pending(grant, policy, now);
        }

        conditions = phase is GrantPhase.Denied
            ? conditions.With(GrantConditions.Authorized, false, ending.ConditionReason, ending.Sentence, grant.Metadata.Generation, now)
                .With(GrantConditions.Active, false, nameof(GrantPhase.Denied), RequestMessages.NotGiven(GrantConditions.Authorized),
                    grant.Metadata.Generation, now)
            : conditions.With(GrantConditions.Active, false, ending.ConditionReason, ending.Sentence, grant.Metadata.Generation, now);
        if (recorded) conditions = conditions.With(GrantConditions.Revoked, false, GrantConditions.Proving,
            RevocationMessages.Proving, grant.Metadata.Generation, now);
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
            GrantConditions.Active, false, GrantConditions.Ended, EndMessages.SetByHand, grant.Metadata.Generation, now),
    };

    /// <summary>
    /// Access is over and is still there: nothing that would end it is let through. The reason is kept, so that what ended it once ends it for good.
    /// </summary>
    public static GrantStatus StillThere(BreakGlassGrant grant, Ending ending, string what, DateTimeOffset now) => grant.Status with
    {
        EndReason = ending.Reason,
        Conditions = grant.Status.Conditions.With(
            GrantConditions.Active, Conditions.IsTrue(grant.Status.Conditions, GrantConditions.Active), GrantConditions.RevocationObstructed,
            RevocationMessages.StillWorks(ending.Sentence, what), grant.Metadata.Generation, now),
    };

    /// <summary>With what could not be removed, or without it once it is gone.</summary>
    public static GrantStatus WithObstructions(this GrantStatus status, BreakGlassGrant grant, string? what, DateTimeOffset now)
    {
        if (what is null && !Conditions.IsTrue(status.Conditions, GrantConditions.Obstructed)) return status;
        return status with
        {
            Conditions = what is null
                ? status.Conditions.With(
                    GrantConditions.Obstructed, false, GrantConditions.Removed, RevocationMessages.Removed, grant.Metadata.Generation, now)
                : status.Conditions.With(GrantConditions.Obstructed, true, GrantConditions.RevocationObstructed, what, grant.Metadata.Generation, now),
        };
    }

    public static GrantStatus Proven(BreakGlassGrant grant, Proof proof, DateTimeOffset now) => grant.Status with
    {
        ObservedGeneration = grant.Metadata.Generation,
        Residue = proof.Elsewhere.Count == 0
            ? grant.Status.Residue : [.. grant.Status.Residue.Union(proof.Elsewhere.Take(20).Select(e => $"access elsewhere: {e}"))],
        Conditions = grant.Status.Conditions.With(GrantConditions.Revoked, true, GrantConditions.Proven,
            RevocationMessages.Proven(proof.AccessGone, proof.TokenDead, grant.Status.Credential is not CredentialKind.BindRequester, Servers(proof),
                proof.Elsewhere), grant.Metadata.Generation, now),
    };

    /// <summary>A person who is paged for it reads here what still works.</summary>
    public static GrantStatus Unproven(BreakGlassGrant grant, Proof proof, bool obstructed, DateTimeOffset now) => grant.Status with
    {
        Conditions = grant.Status.Conditions.With(GrantConditions.Revoked, false, GrantConditions.NotProven,
            RevocationMessages.NotProven(grant, proof.AccessGone, proof.TokenDead, Servers(proof), obstructed), grant.Metadata.Generation, now),
    };

    private static string Servers(Proof proof) => RevocationMessages.Servers(proof.Answered, proof.Servers);

    private static IReadOnlyList<Condition> Agreed(BreakGlassGrant grant, Activation activation, DateTimeOffset now)
    {
        var (approval, generation) = (activation.Approval, grant.Metadata.Generation);
        return grant.Status.Conditions
            .With(GrantConditions.Authorized, true, GrantConditions.PolicyAllows, RequestMessages.Allowed(grant, activation.Duration), generation, now)
            .With(GrantConditions.Approved, approval.Stage is not (ApprovalStage.Waiting or ApprovalStage.Bypassed), approval.Stage switch
            {
                ApprovalStage.Waiting => nameof(GrantPhase.AwaitingApproval),
                ApprovalStage.Bypassed => GrantConditions.EmergencyBypass,
                var stage => stage.ToString(),
            }, approval.Sentence, generation, now);
    }

    private static GrantStatus Moved(BreakGlassGrant grant, GrantPhase to, string actor, string reason, DateTimeOffset now) => grant.Status with
    {
        ObservedGeneration = grant.Metadata.Generation,
        Phase = to,
        Transitions = [.. grant.Status.Transitions, new() { At = Timestamp.Millis(now), From = grant.Status.Phase, To = to, Actor = actor, Reason = reason }],
    };
}
