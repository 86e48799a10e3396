using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Lifecycle;

/// <summary>
/// The life of a grant as one function from what is known to what to do next. It reads no clock and does no I/O: a run that was killed between
/// any two steps is repaired by asking again.
/// </summary>
public static class GrantLifecycle
{
    /// <summary>How long before the end of a grant its end is announced.</summary>
    public static readonly TimeSpan ExpiryNotice = TimeSpan.FromMinutes(5);

    /// <summary>How soon it is tried again to judge a seal. The keys themselves are read at a pace of their own.</summary>
    internal static readonly TimeSpan SealRetry = TimeSpan.FromSeconds(1);

    /// <summary>What to do next for a grant.</summary>
    public static GrantPlan Decide(GrantFacts facts)
    {
        if (facts.Grant is not { } grant) return EndedGrant.Orphans([.. facts.Objects.Where(o => Ownership.MadeFor(o, facts.Settings)?.Name == facts.Name)]);
        var plan = DecideFor(facts, grant);
        if (plan.Steps.Count > 0 && !plan.Cuts) return plan;

        // Left over from an earlier grant of this name, e.g. out of a backup.
        var orphans = EndedGrant.Orphans([.. facts.Objects.Where(o => IsOfNamesake(grant, o, facts.Settings))]);
        return orphans.Steps.Count == 0 ? plan : plan with { Steps = [.. plan.Steps, .. orphans.Steps], Cuts = true };
    }

    /// <summary>Whether an object was made for a grant, also where somebody has stripped its marks.</summary>
    public static bool IsOf(BreakGlassGrant grant, IKubernetesObject<V1ObjectMeta> o) => Ownership.IsOf(grant, o);

    /// <summary>Whether an object of a grant is one that gives access, and so is cut before everything else.</summary>
    public static bool GivesAccess(BreakGlassGrant grant, IKubernetesObject<V1ObjectMeta> o) => EndedGrant.GivesAccess(grant, o);

    /// <summary>
    /// Whether a grant's access has to end, or is being cut, whatever any seal says: then nothing is waited for that is not in memory. Seals need not be
    /// among the facts.
    /// </summary>
    public static bool EndsWhateverSealsSay(GrantFacts facts)
    {
        if (facts.Grant is not { } grant || !grant.Status.IsRecorded) return false;
        return grant.Status.IsTerminal
            ? facts.Objects.Any(o => IsOf(grant, o) && GivesAccess(grant, o) && !facts.Findings.IsObstructed(o))
            : IsMarkedEnded(grant) || (facts.Findings.Ending ?? GrantEnding.ByItself(facts, grant) ?? GrantEnding.ByLockdown(facts)
                ?? GrantEnding.ByAuthority(facts, grant) ?? GrantEnding.ByObstruction(grant)) is not null;
    }

    /// <summary>Whether a grant has to end before its time, as far as that can be told at once. Seals need not be among the facts.</summary>
    public static bool HasToEnd(GrantFacts facts) => EndsWhateverSealsSay(facts) || facts.Policy is { Spec.Suspended: true };

    private static GrantPlan DecideFor(GrantFacts facts, BreakGlassGrant grant)
    {
        if (grant.Status.IsTerminal) return EndedGrant.Decide(facts, grant, ending: null);
        if (!grant.Status.IsRecorded) return BeforeRecord(facts, grant);

        if (IsMarkedEnded(grant))
            return EndedGrant.Decide(facts, grant, Ending.Failed(FailureReasons.RecordLost, EndMessages.StatusReset));

        var ends = facts.Findings.Ending ?? GrantEnding.ByItself(facts, grant) ?? GrantEnding.ByLockdown(facts) ?? GrantEnding.ByAuthority(facts, grant)
            ?? GrantEnding.ByObstruction(grant) ?? GrantEnding.ByForgery(facts) ?? GrantEnding.ByVoucher(facts, grant);
        if (ends is { } ending) return EndedGrant.Decide(facts, grant, ending);
        if (GrantEnding.ByPolicy(facts, grant) is { } byPolicy)
        {
            return facts.Findings.Refreshed ? EndedGrant.Decide(facts, grant, byPolicy) : GrantPlan.Do(new PlanStep.Refresh());
        }

        // It cannot be known whether what is recorded was decided: what is open stays as it is, and ends in time.
        if (facts.SealsUnknown) return GrantPlan.Wait(facts.End?.At < facts.Now + SealRetry ? facts.End.At : facts.Now + SealRetry);

        // A phase that was set by hand is made true like any other record.
        var plan = grant.Status.Phase is GrantPhase.Active && grant.Status.WasGiven ? ActiveGrant.Decide(facts, grant) : ActivatingGrant.Decide(facts, grant);
        return plan.Steps.Count == 0 ? UntilKeysEnd(facts, grant, plan) : plan;
    }

    /// <summary>A grant by voucher is looked at again when a key of its authority ends, by which the voucher may lack a signature.</summary>
    private static GrantPlan UntilKeysEnd(GrantFacts facts, BreakGlassGrant grant, GrantPlan plan) =>
        VoucherRules.IsByVoucher(grant.Spec) && facts.Authority is { } authority && AuthorityRules.NextEnd(authority, facts.Now) is { } ends
            && !(plan.LookAgainAt <= ends) ? plan with { LookAgainAt = ends } : plan;

    private static GrantPlan BeforeRecord(GrantFacts facts, BreakGlassGrant grant)
    {
        var now = facts.Now;
        var remains = facts.Objects.Any(o => Ownership.IsOf(grant, o));
        var isOver = IsMarkedEnded(grant) || facts.Findings.Ending is not null;
        if (HasFinalizer(grant) || remains || (isOver && grant.Metadata.DeletionTimestamp is null))
        {
            if (grant.Metadata.DeletionTimestamp is null || remains)
            {
                // Access exists or did once, so it was recorded, and the record is gone: activating it again would start its time from the beginning.
                var isCopy = grant.Status.Phase is null && !remains && facts.Findings.Ending is null;
                var lost = Ending.Failed(FailureReasons.RecordLost, isCopy ? EndMessages.Copied : EndMessages.RecordRemoved);
                return GrantPlan.Do(new PlanStep.WriteStatus(GrantStatuses.Ended(grant, lost, facts.Policy, now),
                    new GrantEvent(true, EventReasons.GrantFailed, EventActions.Fail, lost.Sentence)));
            }

            return GrantPlan.Do(new PlanStep.DropFinalizer());
        }

        if (grant.Metadata.DeletionTimestamp is not null) return GrantPlan.Settled;
        if (grant.Spec.Revoke is not null)
        {
            var ending = GrantEnding.ByItself(facts, grant)!;
            return GrantPlan.Do(new PlanStep.WriteStatus(GrantStatuses.Ended(grant, ending, facts.Policy, now),
                new GrantEvent(false, EventReasons.GrantRevoked, EventActions.Revoke, EndMessages.RevokedEarly)));
        }

        return facts.SealsUnknown ? GrantPlan.Wait(now + SealRetry) : PendingGrant.Decide(facts, grant);
    }

    internal static bool HasFinalizer(BreakGlassGrant grant) => grant.FinalizersOrEmpty.Contains(BreakGlassApi.RevokeFinalizer);

    private static bool IsMarkedEnded(BreakGlassGrant grant) => grant.AnnotationsOrEmpty.ContainsKey(BreakGlassApi.EndedAnnotation);

    /// <summary>
    /// Whether an object was made for another grant of this name. One of this grant's own stays, though somebody wrote another UID onto it: while
    /// that is fought over and not put right, it is all the access that there is.
    /// </summary>
    private static bool IsOfNamesake(BreakGlassGrant grant, IKubernetesObject<V1ObjectMeta> o, CoreSettings settings) =>
        !Ownership.IsOf(grant, o) && !GrantNames.Owns(grant, o) && Ownership.MadeFor(o, settings) is { } other && other.Name == grant.Metadata.Name
            && other.Uid != grant.Metadata.Uid;
}
