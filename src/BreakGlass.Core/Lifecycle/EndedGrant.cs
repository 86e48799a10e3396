using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Lifecycle;

/// <summary>
/// The way out: bindings first, which cuts access at once, then the identity and its Secret, which kills the token, whatever came of the bindings; then the
/// status, once either cut has worked, then the proof. What could do no harm is tidied up last, when no other grant waits for a proof, and what cannot be
/// removed is named and tried again for ever. Nothing here asks a policy, a role or anybody else.
/// </summary>
internal static class EndedGrant
{
    private static readonly TimeSpan ProofRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ProofRetryLater = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ProofUsual = TimeSpan.FromSeconds(30);

    /// <summary>How soon it is tried again to end access that is still there.</summary>
    private static readonly TimeSpan AccessRetry = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait between two tries to remove what gives no access any more.</summary>
    private static readonly TimeSpan LongestRemovalRetry = TimeSpan.FromSeconds(30);

    /// <summary>What fails for less than this is not reported.</summary>
    private static readonly TimeSpan Passing = TimeSpan.FromSeconds(3);

    /// <summary>A review that cannot be told from a forged one is looked at again.</summary>
    private static readonly TimeSpan ReviewRetry = TimeSpan.FromSeconds(10);

    /// <summary>Clocks that differ are looked at again.</summary>
    private static readonly TimeSpan ClockRetry = TimeSpan.FromMinutes(1);

    public static GrantPlan Decide(GrantFacts facts, BreakGlassGrant grant, Ending? ending)
    {
        var ours = facts.Objects.Where(o => Ownership.IsOf(grant, o)).ToList();
        var left = new RemainingObjects(facts, grant, ours);
        if (Cut(facts, grant, left) is { } cut) return cut with { Ending = ending };

        // Whatever came of the bindings: a cut that is refused holds up none of the others.
        if (KillCredential(facts, left) is { } kill) return kill with { Ending = ending };
        if (ending is not null) return left.AccessIsGone ? End(facts, grant, ending) : StillThere(facts, grant, left, ending);
        if (grant.Status.EndedAt is null) return GrantPlan.Do(new PlanStep.WriteStatus(GrantStatuses.EndedByHand(grant, facts.Now), ByHand(grant)));

        if (!facts.SealsUnknown && ReviewedGrant.Decide(facts, grant) is { } review) return review;

        var proof = Prove(facts, grant, left);
        if (proof is { Steps.Count: > 0 }) return proof;
        if (left.Untried(ours) is { Count: > 0 } untried) return Remove(untried);
        if (Report(facts, grant, left) is { } report) return report;
        if (UnusualUse.AfterEnd(facts, grant) is { } unusual) return unusual;
        if (proof is not null) return proof;
        if (GrantLifecycle.HasFinalizer(grant) && !left.MayGiveAccess) return GrantPlan.Do(new PlanStep.DropFinalizer());
        if (ours.Count > 0 || left.MayGiveAccess) return GrantPlan.Wait(facts.Now + RemovalRetry(facts, grant));
        return facts.SealsUnknown ? GrantPlan.Wait(facts.Now + ReviewRetry) : Retain(facts, grant);
    }

    /// <summary>Objects of ours whose grant is not there.</summary>
    public static GrantPlan Orphans(IReadOnlyList<IKubernetesObject<V1ObjectMeta>> orphans)
    {
        var bindings = orphans.Where(OwnedKinds.IsBinding).ToList();
        var now = bindings.Count > 0 ? bindings : orphans;
        return new() { Steps = [.. now.Select(o => new PlanStep.Remove(o, Removal.Orphan))], Cuts = bindings.Count > 0 };
    }

    private static GrantPlan? Cut(GrantFacts facts, BreakGlassGrant grant, RemainingObjects left)
    {
        var steps = left.Untried(left.Giving).Select(PlanStep (o) => new PlanStep.Remove(o, Removal.Revocation)).ToList();
        if (!facts.Findings.Cut && !facts.Findings.Searched
            && (GrantLifecycle.HasFinalizer(grant) || !Conditions.IsTrue(grant.Status.Conditions, GrantConditions.Revoked)))
        {
            var unseen = OwnedKinds.Places(grant).Where(p => !left.All.Any(o => GrantObjects.SamePlace(o, p))).ToList();
            if (unseen.Count > 0) steps.Add(new PlanStep.Find(unseen));
        }

        return steps.Count == 0 ? null : new() { Steps = steps, Cuts = true };
    }

    private static GrantPlan? KillCredential(GrantFacts facts, RemainingObjects left)
    {
        var credential = left.Untried(left.Credential);
        if (credential.Count == 0) return null;
        return !facts.Findings.CredentialHeld && credential.Find(o => o is SecretMetadata) is { } secret
            ? GrantPlan.Do(new PlanStep.HoldCredential(secret)) : Remove(credential);
    }

    private static GrantPlan End(GrantFacts facts, BreakGlassGrant grant, Ending ending) =>
        GrantPlan.Do(new PlanStep.WriteStatus(
            GrantStatuses.Ended(UnusualUse.Noted(facts, grant), ending, facts.Policy, facts.Now), [Ended(grant, ending), .. UnusualUse.Events(facts, grant)]));

    /// <summary>
    /// Neither the bindings nor the identity can be taken away. The record says that access is there, and it is tried again until it is not.
    /// </summary>
    private static GrantPlan StillThere(GrantFacts facts, BreakGlassGrant grant, RemainingObjects left, Ending ending)
    {
        var what = left.Obstructed ?? RevocationMessages.NotRemovedYet;
        var status = GrantStatuses.StillThere(grant, ending, what, facts.Now).WithObstructions(grant, what, facts.Now);
        return status.Conditions.SequenceEqual(grant.Status.Conditions)
            ? GrantPlan.Wait(facts.Now + AccessRetry)
            : GrantPlan.Do(new PlanStep.WriteStatus(status, new GrantEvent(
                true, EventReasons.RevocationObstructed, EventActions.Revoke, RevocationMessages.StillWorks(grant, what))));
    }

    /// <summary>
    /// Says what cannot be removed of a grant whose access is gone, once that is more than a passing failure; and that it is removed, in the end.
    /// </summary>
    private static GrantPlan? Report(GrantFacts facts, BreakGlassGrant grant, RemainingObjects left)
    {
        if (left.Obstructed is { } && facts.Now - (grant.Status.EndedAt ?? facts.Now) < Passing) return null;
        var status = grant.Status.WithObstructions(grant, left.Obstructed, facts.Now);
        if (status.Conditions.SequenceEqual(grant.Status.Conditions)) return null;
        return left.Obstructed is { } what
            ? GrantPlan.Do(new PlanStep.WriteStatus(status, new GrantEvent(
                true, EventReasons.RevocationObstructed, EventActions.Revoke, RevocationMessages.NotAllRemoved(what))))
            : GrantPlan.Do(new PlanStep.WriteStatus(status));
    }

    private static TimeSpan RemovalRetry(GrantFacts facts, BreakGlassGrant grant)
    {
        var wait = (facts.Now - (grant.Status.EndedAt ?? facts.Now)) / 30;
        return wait < AccessRetry ? AccessRetry : wait > LongestRemovalRetry ? LongestRemovalRetry : wait;
    }

    private static GrantPlan Remove(IReadOnlyList<IKubernetesObject<V1ObjectMeta>> objects) =>
        GrantPlan.Do([.. objects.Select(o => new PlanStep.Remove(o, Removal.Revocation))]);

    private static GrantPlan? Prove(GrantFacts facts, BreakGlassGrant grant, RemainingObjects left)
    {
        if (!grant.Status.AwaitsProof) return null;
        if (facts.Findings.Proof is not { } proof)
        {
            if (facts.Findings.ProofFailed) return GrantPlan.Wait(facts.Now + ProofRetry);
            return GrantPlan.Do(new PlanStep.Prove(AccessQuestions.ForAll(facts, grant), [.. grant.Status.Bindings.Select(b => b.Name).Distinct()]));
        }

        // A binding that cannot be removed names an identity that does not exist any more; and where no token could be shown, its objects must be gone.
        var accessGone = !left.GivesToOthers && (proof.AccessGone || (left.IdentityIsGone && left.Giving.Count > 0));
        var tokenDead = proof.TokenDead ?? (left.IdentityIsGone || grant.Status.Credential is CredentialKind.BindRequester);
        if (accessGone && tokenDead) return GrantPlan.Do(new PlanStep.WriteStatus(GrantStatuses.Proven(grant, proof, facts.Now))) with { Proves = true };

        // The API server keeps the answer to a token for up to 10 s, so that the first tries may fail.
        if (facts.Now - (grant.Status.EndedAt ?? facts.Now) <= ProofUsual) return GrantPlan.Wait(facts.Now + ProofRetry);
        var unproven = GrantStatuses.Unproven(grant, proof, left.Obstructed is not null, facts.Now);
        return unproven.Conditions.SequenceEqual(grant.Status.Conditions)
            ? GrantPlan.Wait(facts.Now + ProofRetryLater) : GrantPlan.Do(new PlanStep.WriteStatus(unproven));
    }

    private static GrantPlan Retain(GrantFacts facts, BreakGlassGrant grant)
    {
        if (LeftoverSearch.Decide(facts, grant) is { } look) return look;
        if (grant.Metadata.DeletionTimestamp is not null || ImmutabilityRules.RetainedUntil(grant, facts.Policy) is not { } until) return GrantPlan.Settled;

        if (!facts.PolicyIsVouchedFor && ImmutabilityRules.RetainedUntil(grant, null) is { } usual && usual > until) until = usual;

        // What was not reviewed stays, however long it takes.
        if (grant.Status.AwaitsReview) return GrantPlan.Wait(ReviewedGrant.DueAt(facts, grant));
        if (facts.Now < until) return GrantPlan.Wait(until);

        // A record that is gone does not come back: it goes by the slowest of the clocks, and not while they differ by much.
        var skew = (facts.ClockSkew ?? TimeSpan.Zero).Duration();
        return skew <= facts.Settings.LargestClockSkew && facts.Now - skew >= until
            ? GrantPlan.Do(new PlanStep.DeleteGrant()) : GrantPlan.Wait(facts.Now + ClockRetry);
    }

    private static GrantEvent Ended(BreakGlassGrant grant, Ending ending) => ending.Reason switch
    {
        EndReason.Expired => new(false, EventReasons.GrantExpired, EventActions.Expire, RevocationMessages.Expired(grant)),
        EndReason.Denied => new(true, EventReasons.GrantDenied, EventActions.Deny, JournalMessages.Denied(grant, ending.Sentence)),
        EndReason.Failed => new(true, EventReasons.GrantFailed, EventActions.Fail, ending.Sentence),
        _ => new(false, EventReasons.GrantRevoked, EventActions.Revoke, RevocationMessages.Revoked(grant, ending.Reason, ending.Sentence)),
    };

    private static GrantEvent ByHand(BreakGlassGrant grant) => new(
        true, grant.Status.IsRecorded ? EventReasons.GrantRevoked : EventReasons.GrantDenied, EventActions.End, RevocationMessages.EndedByHand(grant));

    /// <summary>
    /// All bindings that have a subject, but for the one by which the requester reads the Secret: that one goes after the Secret has.
    /// </summary>
    public static bool GivesAccess(BreakGlassGrant grant, IKubernetesObject<V1ObjectMeta> o) =>
        OwnedKinds.IsBinding(o) && !Obstruction.IsEmptied(o) && o.Metadata.Name != GrantNames.Reader(grant);
}
