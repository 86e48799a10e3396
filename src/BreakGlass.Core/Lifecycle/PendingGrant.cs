using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Lifecycle;

/// <summary>
/// From the request to the record: everything that must hold is checked again each time, by the policy as it is then, so that what was allowed when it
/// was asked for, and is not when it would open, stays shut.
/// </summary>
internal static class PendingGrant
{
    /// <summary>One wrong answer is contradicted by the next, and the grant does not wait for long.</summary>
    private static readonly TimeSpan ClockRetry = TimeSpan.FromSeconds(2);

    /// <summary>Older requests of the same person are decided within moments.</summary>
    private static readonly TimeSpan OthersRetry = TimeSpan.FromMilliseconds(500);

    public static GrantPlan Decide(GrantFacts facts, BreakGlassGrant grant)
    {
        if (LockdownRules.For(facts.Policy, facts.Lockdowns) is { } lockdown)
        {
            return Deny(facts, grant, LockdownRules.Denial(lockdown), EndReason.Lockdown,
                Callers.IsNamed(lockdown.Spec.By) ? Callers.Shown(lockdown.Spec.By) : null);
        }

        var verdict = GrantRules.Judge(grant, facts.Policy, facts.Cluster, facts.Settings, facts.Seal, facts.PolicySeal, facts.Vouchers);
        if (verdict.Denial is { } denial) return Deny(facts, grant, denial, Cause(grant, denial));

        var (policy, now) = (facts.Policy!, facts.Now);
        if (IsWaiting(grant) && grant.Status.PolicyUid != policy.Metadata.Uid)
        {
            return Deny(facts, grant, new(DenialReasons.PolicyDeleted, "spec.policy", RequestMessages.PolicyReplaced(grant.Spec.Policy)),
                EndReason.PolicyDeleted);
        }

        // Drills count for no limit, and block nobody: neither is anything about them asked of others, nor about others of them.
        var isDrill = DrillRules.IsDrill(grant, facts.Settings);
        if (!isDrill && facts.Siblings.Any(s => DrillRules.IsDrill(s, facts.Settings)))
            facts = facts with { Siblings = [.. facts.Siblings.Where(s => !DrillRules.IsDrill(s, facts.Settings))] };
        if (!isDrill && ReadSiblings(facts, grant, policy) is { } look) return look;
        if (!isDrill && ReviewRules.Blocked(grant, policy, facts.Siblings) is { } blocked) return Deny(facts, grant, blocked);
        if (StartRules.Check(grant, policy, now, out var window) is { } outside) return Deny(facts, grant, outside);

        var approval = Approvals.Judge(facts, grant, policy, verdict);
        if (approval.Denial is { } refused)
        {
            return Deny(facts, grant, refused, approval.Denier is null ? EndReason.ApprovalTimeout : EndReason.Denied, approval.Denier, approval);
        }

        var activation = new Activation(verdict, approval, window);
        var start = StartRules.Start(grant, now);
        if ((!approval.Opens || now < start) && !IsWaiting(grant) && !isDrill)
        {
            var (tooMany, afterOthers) = PendingRules.WhenDecided(grant, policy, facts.Siblings);
            if (tooMany is not null) return Deny(facts, grant, tooMany);
            if (afterOthers) return GrantPlan.Wait(now + OthersRetry);
        }

        if (!approval.Opens) return Wait(facts, grant, GrantPhase.AwaitingApproval, activation, Earliest(approval.Until, window?.End));
        return now < start
            ? Wait(facts, grant, GrantPhase.Scheduled, activation, start)
            : Open(facts, grant, policy, activation, start, isDrill);
    }

    /// <summary>Whether a grant stands in a phase in which it waits, and was said to.</summary>
    public static bool IsWaiting(BreakGlassGrant grant) => grant.Status.Phase is GrantPhase.AwaitingApproval or GrantPhase.Scheduled;

    /// <summary>Where an earlier grant of the requester may block this one, those that hold a place and are not seen to be done with are read again.</summary>
    private static GrantPlan? ReadSiblings(GrantFacts facts, BreakGlassGrant grant, BreakGlassPolicy policy)
    {
        var version = policy.Metadata.ResourceVersion ?? "";
        if (facts.Findings.SiblingsAsOf == version) return null;
        var others = ReviewRules.MayBlock(grant, policy, facts.Siblings);
        return others.Count == 0 ? null : GrantPlan.Do(new PlanStep.ReadSiblings(others, version));
    }

    private static GrantPlan Open(
        GrantFacts facts, BreakGlassGrant grant, BreakGlassPolicy policy, Activation activation, DateTimeOffset start, bool isDrill)
    {
        var now = facts.Now;
        var since = activation.Approval.Since is { } agreed && agreed > start ? agreed : start;

        // Clocks that differ deny no request: by the slowest of them it has to be too late.
        var doubt = facts.ClockSkew is { } off && off.Duration() > facts.Settings.LargestClockSkew ? off.Duration() : TimeSpan.Zero;
        if (now - doubt - since > facts.Settings.LatestActivation)
        {
            return Deny(facts, grant, new(
                DenialReasons.TooLate, "metadata.creationTimestamp", RequestMessages.TooLate(since, facts.Settings.LatestActivation)));
        }

        if (facts.ClockSkew is { } skew && skew.Duration() > facts.Settings.LargestClockSkew)
        {
            return Conditions.Find(grant.Status.Conditions, GrantConditions.Authorized)?.Reason == GrantConditions.ClockSkew
                ? GrantPlan.Wait(now + ClockRetry)
                : GrantPlan.Do(new PlanStep.WriteStatus(GrantStatuses.Held(grant, skew, facts.Settings, now)));
        }

        if (!isDrill && LimitRules.Check(policy, grant, facts.Siblings, now) is { } limit) return Deny(facts, grant, limit);
        var bypass = activation.Approval.Stage is ApprovalStage.Bypassed;
        if (!isDrill && LimitRules.NeedsPlace(policy, grant, bypass))
            return GrantPlan.Do(new PlanStep.Reserve(policy, LimitRules.Reserve(policy, grant, bypass, now)));
        if (VoucherRedemption.Next(facts, grant) is { } redeem) return redeem;
        IEnumerable<GrantEvent> used = VoucherRedemption.Event(facts, grant) is { } use ? [use] : [];
        return GrantPlan.Do(new PlanStep.WriteStatus(
            GrantStatuses.Recorded(grant, policy, activation, facts.Settings, now), [.. Events(grant, activation), .. used]));
    }

    private static GrantPlan Wait(GrantFacts facts, BreakGlassGrant grant, GrantPhase phase, Activation activation, DateTimeOffset? until)
    {
        var status = GrantStatuses.Waits(grant, facts.Policy!, phase, activation, facts.Now);
        var same = grant.Status.Phase == phase && status.PolicyUid == grant.Status.PolicyUid && status.ObservedGeneration == grant.Status.ObservedGeneration
            && status.Conditions.SequenceEqual(grant.Status.Conditions) && status.Approvals.SequenceEqual(grant.Status.Approvals);
        if (same) return GrantPlan.Wait(until);

        var events = Events(grant, activation).ToList();
        if (phase is GrantPhase.Scheduled && grant.Status.Phase is not GrantPhase.Scheduled)
        {
            events.Add(new(
                false, EventReasons.GrantScheduled, EventActions.Schedule, RequestMessages.Scheduled(grant, StartRules.Start(grant, facts.Now))));
        }

        return GrantPlan.Do(new PlanStep.WriteStatus(status, [.. events]));
    }

    /// <summary>What happens for the first time: access is requested, and it is approved.</summary>
    private static IEnumerable<GrantEvent> Events(BreakGlassGrant grant, Activation activation)
    {
        if (!IsWaiting(grant))
        {
            yield return new(
                false, EventReasons.GrantRequested, EventActions.Request, RequestMessages.Requested(grant, activation.Verdict.Duration));
        }

        if (activation.Approval.Stage is ApprovalStage.Approved or ApprovalStage.AutoApproved
            && !Conditions.IsTrue(grant.Status.Conditions, GrantConditions.Approved))
        {
            yield return new(
                false, EventReasons.GrantApproved, EventActions.Approve, RequestMessages.Approved(grant, activation.Approval.Sentence));
        }
    }

    private static GrantPlan Deny(
        GrantFacts facts, BreakGlassGrant grant, Problem problem, EndReason reason = EndReason.Denied, string? actor = null, ApprovalOutcome? approval = null)
    {
        var isLocked = reason is EndReason.Lockdown;
        if (!facts.Findings.Refreshed || (isLocked && !facts.Findings.LockdownsRead)) return GrantPlan.Do(new PlanStep.Refresh(isLocked));
        return GrantPlan.Do(new PlanStep.WriteStatus(GrantStatuses.Denied(grant, problem, reason, actor ?? GrantStatuses.Operator, approval, facts.Now),
            new GrantEvent(true, EventReasons.GrantDenied, EventActions.Deny, RequestMessages.Denied(grant, problem))));
    }

    /// <summary>A grant that waited says why its waiting ended, as one that was active would.</summary>
    private static EndReason Cause(BreakGlassGrant grant, Problem denial) => !IsWaiting(grant) ? EndReason.Denied : denial.Reason switch
    {
        DenialReasons.PolicySuspended => EndReason.PolicySuspended,
        DenialReasons.PolicyNotFound or DenialReasons.PolicyDeleted => EndReason.PolicyDeleted,
        DenialReasons.AuthorityNotFound or DenialReasons.AuthoritySuspended or DenialReasons.AuthorityNotSealed or DenialReasons.AuthorityNotReady
            or DenialReasons.VoucherRevoked or DenialReasons.VoucherNotSigned or DenialReasons.VoucherForAnother => EndReason.VoucherRevoked,
        _ => EndReason.Denied,
    };

    private static DateTimeOffset? Earliest(DateTimeOffset? a, DateTimeOffset? b) => a is null || b < a ? b : a;
}
