using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;

namespace BreakGlass.Core.Lifecycle;

/// <summary>From the record to working access, in as few rounds as the API allows.</summary>
internal static class ActivatingGrant
{
    /// <summary>A clock second and a round trip may lie between our count and the server's.</summary>
    private static readonly TimeSpan TokenSlack = TimeSpan.FromSeconds(30);

    /// <summary>How long answers that may pass are waited out; then the grant fails with the last one as its reason.</summary>
    public static readonly TimeSpan ActivationTimeout = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    public static GrantPlan Decide(GrantFacts facts, BreakGlassGrant grant)
    {
        var desired = DesiredObjects.For(facts, grant);
        if (desired.Foreign is { } foreign) return EndedGrant.Decide(facts, grant, ForeignObject(foreign));

        // Before anything is made: what the closing takes away would be made again, round after round.
        if (GrantCredential.End(facts, desired) is { } end && end > LatestTokenEnd(facts) + TokenSlack)
            return EndedGrant.Decide(facts, grant, Ending.Failed(FailureReasons.TokenTooLong, EndMessages.TokenTooLong(end)));

        if ((desired.Unsafe() ?? Blocked(facts, grant, desired)) is { } blocked) return EndedGrant.Decide(facts, grant, blocked);
        if (desired.RecordFirst(grant) is { } record) return record;
        if (JournalGate.Decide(facts, grant) is { } journal) return journal;

        var steps = new List<PlanStep>();
        if (!GrantLifecycle.HasFinalizer(grant)) steps.Add(new PlanStep.AddFinalizer());
        steps.AddRange(desired.Mend(desired.Base, isRepair: false));

        // Nothing gives access before the finalizer holds the grant.
        if (GrantLifecycle.HasFinalizer(grant)) steps.AddRange(desired.Mend(desired.Bindings, isRepair: false));
        steps.AddRange(ActiveGrant.NoLongerWanted(facts, grant, desired));
        var needed = ActiveGrant.StaleCredential(facts, desired) ?? GrantCredential.Next(facts, grant, desired);
        var credential = desired.Rests(GrantNames.CredentialPlace(grant, facts.Settings)) ? null : needed;
        if (credential is PlanStep.IssueToken or PlanStep.IssueCertificate or PlanStep.Remove) steps.Add(credential);
        if (steps.Count > 0) return GrantPlan.Do([.. steps]);

        if (credential is not null) steps.Add(credential);
        steps.AddRange(desired.Mend(desired.Reader, isRepair: false));
        if (facts.Findings.AccessDenied is null && desired.AccessQuestion(facts, grant) is { } question)
            steps.Add(new PlanStep.CheckAccess(question, Waits: true));
        if (steps.Count > 0) return GrantPlan.Do([.. steps]);
        if (needed is not null || desired.Must.Any(m => desired.Find(m) is null) || Lacks(grant, desired)) return Hold(facts, grant, desired);

        var status = GrantStatuses.Activated(
            grant, desired, [.. desired.Records(grant), .. desired.Obsolete(grant)], facts, facts.Findings.AccessDenied is true);
        var bypass = grant.Status.IsBypassed ? Conditions.Find(grant.Status.Conditions, GrantConditions.Approved)!.Message : null;
        return GrantPlan.Do(new PlanStep.WriteStatus(status, new GrantEvent(bypass is not null, EventReasons.GrantActivated, EventActions.Activate,
            AccessMessages.Activated(grant, bypass, desired.Open, desired.Open + desired.Gaps.Count, facts.Findings.AccessDenied is true))));
    }

    /// <summary>Whether too little is there to be called access: nothing at all, or less than all where all was asked for.</summary>
    private static bool Lacks(BreakGlassGrant grant, DesiredObjects desired) => desired.Gaps.Count > 0 && (desired.Open == 0 || grant.Spec.RequireAll is true);

    /// <summary>Why access cannot be made, now or any more; null where it can or may.</summary>
    private static Ending? Blocked(GrantFacts facts, BreakGlassGrant grant, DesiredObjects desired)
    {
        var isOverdue = facts.Now - grant.Status.ActivatedAt > ActivationTimeout + JournalGate.Patience(facts);
        foreach (var must in desired.Must)
        {
            if (desired.HistoryOf(must) is not { } history) continue;
            var isFought = history.IsContested && history.Rests(facts.Now)
                && (desired.Find(must) is null || (must is V1Secret && GrantCredential.Next(facts, grant, desired) is not null));
            if (!isFought && !(history.Answer is { } answer && (answer.Class is AnswerClass.Final || isOverdue))) continue;
            return Failed(history.Answer?.Reason ?? FailureReasons.Contested, $"{must.KindName} {must.Key}: {history.Why}");
        }

        var isHopeless = grant.Spec.RequireAll is true ? desired.Gaps.Any(g => g.IsFinal || isOverdue) : desired.Open == 0 && desired.Gaps.Count > 0
            && desired.Gaps.All(g => g.IsFinal || isOverdue);
        if (!isHopeless) return null;
        var first = desired.Gaps.First(g => g.IsFinal || isOverdue);
        return Failed(first.Cause == GrantConditions.Opening ? FailureReasons.Refused : first.Cause, GrantStatuses.NotIn(desired.Gaps));
    }

    private static Ending Failed(string reason, string why) => Ending.Failed(reason, EndMessages.NotCreated(why));

    /// <summary>Says at once what access waits for, and until when.</summary>
    private static GrantPlan Hold(GrantFacts facts, BreakGlassGrant grant, DesiredObjects desired)
    {
        var next = desired.NextTry ?? facts.Now + Retry;
        var status = GrantStatuses.Opening(grant, desired, next, facts.Now);
        return status.Conditions.SequenceEqual(grant.Status.Conditions) ? GrantPlan.Wait(next) : GrantPlan.Do(new PlanStep.WriteStatus(status));
    }

    private static DateTimeOffset LatestTokenEnd(GrantFacts facts) =>
        facts.Due!.At > facts.Now + GrantCredential.ShortestToken ? facts.Due.At : facts.Now + GrantCredential.ShortestToken;

    public static Ending ForeignObject(IKubernetesObject<V1ObjectMeta> o) => Ending.Failed(FailureReasons.ForeignObject, EndMessages.Foreign(o));
}
