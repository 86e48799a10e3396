using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;

namespace BreakGlass.Core.Lifecycle;

/// <summary>Whether the time of a recorded grant is over, and why.</summary>
internal static class GrantEnding
{
    /// <summary>The reason of a refusal that ends an active grant, too: the namespace of the identities is gone.</summary>
    private const string IdentityLost = FailureReasons.NamespaceMissing;

    /// <summary>Why the grant ends now for reasons that lie in itself; null where it does not.</summary>
    public static Ending? ByItself(GrantFacts facts, BreakGlassGrant grant)
    {
        if (facts.Findings.Refusal is { } refusal && (grant.Status.Phase is not GrantPhase.Active || refusal.Reason == IdentityLost))
        {
            return Ending.Failed(refusal.Reason, grant.Status.Phase is GrantPhase.Active ? EndMessages.IdentityLost(refusal) : EndMessages.Refused(refusal));
        }

        if (grant.Metadata.DeletionTimestamp is not null) return new(EndReason.Deleted, Callers.Unknown, EndMessages.Deleted);
        if (grant.Spec.Revoke is { } revoke)
        {
            // Past the webhooks anybody who may write the grant ends it, and the name in it is what they wrote.
            var who = facts.Seal is SealState.Valid ? Callers.Shown(revoke.By) : Callers.Unknown;
            return new(EndReason.RevokedByUser, who, EndMessages.Revoked(revoke.Reason));
        }

        if (grant.Status.ObservedGeneration is { } decided && grant.Metadata.Generation is { } generation && generation != decided)
            return Ending.Failed(FailureReasons.SpecChanged, EndMessages.SpecChanged) with { Actor = Callers.Unknown };
        return facts.Now >= facts.Due?.At ? new(EndReason.Expired, GrantStatuses.Operator, EndMessages.Expired) : null;
    }

    /// <summary>The lockdown that ends the grant now; null where none does. It waits for nothing.</summary>
    public static Ending? ByLockdown(GrantFacts facts) => LockdownRules.For(facts.Policy, facts.Lockdowns) is { } lockdown
        ? new(EndReason.Lockdown, Callers.Shown(lockdown.Spec.By), EndMessages.Lockdown(lockdown)) : null;

    /// <summary>Why the authority ends the grant now, without a look at seals and signatures; null where it does not. It waits for nothing.</summary>
    public static Ending? ByAuthority(GrantFacts facts, BreakGlassGrant grant) =>
        AuthorityOf(facts, grant) is { } name && VoucherRules.Withdrawn(grant, name, facts.Authority) is { } why ? ByVoucher(why) : null;

    /// <summary>Why the grant's voucher is no longer honoured, by the authority's keys and seal as they are now; null if it is.</summary>
    public static Ending? ByVoucher(GrantFacts facts, BreakGlassGrant grant) =>
        AuthorityOf(facts, grant) is { } name && VoucherRules.NotHonoured(grant, name, facts.Vouchers) is { } why ? ByVoucher(why) : null;

    /// <summary>
    /// What was to end once and could not be removed ends for good, also where its cause is gone: a lockdown that was lifted, a policy that is not suspended
    /// any more. Part of the access may be gone already.
    /// </summary>
    public static Ending? ByObstruction(BreakGlassGrant grant) =>
        grant.Status.EndReason is { } reason
            && Conditions.Find(grant.Status.Conditions, GrantConditions.Active)?.Reason == GrantConditions.RevocationObstructed
            ? new(reason, GrantStatuses.Operator, EndMessages.Obstructed) : null;

    /// <summary>A record that is not the operator's ends with whatever it opened; null where the record is good.</summary>
    public static Ending? ByForgery(GrantFacts facts) => facts.SealsUnknown || facts.RecordSeal is SealState.Valid
        ? null : Ending.Failed(FailureReasons.RecordForged, EndMessages.RecordForged);

    /// <summary>Why the policy ends the grant now; null where it does not.</summary>
    public static Ending? ByPolicy(GrantFacts facts, BreakGlassGrant grant)
    {
        var name = grant.Spec.Policy;
        var policy = facts.Policy;
        if (policy is null || policy.Metadata.DeletionTimestamp is not null || policy.Metadata.Uid != grant.Status.PolicyUid)
            return new(EndReason.PolicyDeleted, GrantStatuses.Operator, EndMessages.PolicyDeleted(name));
        if (policy.Spec.Suspended) return new(EndReason.PolicySuspended, GrantStatuses.Operator, EndMessages.PolicySuspended(name));
        var why = Narrowed(facts, grant, policy);
        if (why is not null) return new(EndReason.PolicyNarrowed, GrantStatuses.Operator, EndMessages.PolicyNarrowed(name, why));
        return IdleUse.Ending(facts, grant, policy) ?? UnusualUse.Ending(facts, grant, policy);
    }

    private static string? Narrowed(GrantFacts facts, BreakGlassGrant grant, BreakGlassPolicy policy)
    {
        var problems = PolicyRules.Check(policy, facts.Settings);
        if (problems.Count > 0) return problems[0].ToString();
        var (isDrill, isByVoucher) = (DrillRules.IsDrill(grant, facts.Settings), VoucherRules.IsByVoucher(grant.Spec));
        if (isDrill && policy.Spec.Drills is not DrillPermission.Allowed) return EndMessages.DrillsForbidden;
        if (isByVoucher && policy.Spec.Vouchers is null) return EndMessages.NoVouchers;
        var admitted = policy.Spec.Vouchers is { } terms && isByVoucher ? terms.Holders : policy.Spec.Requesters;
        if ((isByVoucher || !isDrill) && !Subjects.Include(admitted, grant.Spec.Requester ?? Caller.Nobody)) return EndMessages.NotARequester(grant);

        if (!facts.SealsUnknown && facts.Seal is not SealState.Valid)
            return EndMessages.RequesterNotSealed;
        if (policy.Spec.Credential != grant.Status.Credential) return EndMessages.OtherCredential(policy);
        if (!grant.Status.Access.Any(e => Targets.StillGiven(e, policy.Spec))) return EndMessages.NoEntryLeft;
        if (facts.End is { By: EndLimit.Policy } end && facts.Now >= end.At) return EndMessages.TooLong(policy);
        return RecordRules.Lacks(facts, grant, policy);
    }

    /// <summary>The authority of a grant by voucher, by name; null if it has no voucher, or the policy accepts none any more, which ends it as well.</summary>
    private static string? AuthorityOf(GrantFacts facts, BreakGlassGrant grant) =>
        VoucherRules.IsByVoucher(grant.Spec) ? facts.Policy?.Spec.Vouchers?.Authority : null;

    private static Ending ByVoucher(Problem why) => new(EndReason.VoucherRevoked, GrantStatuses.Operator, EndMessages.VoucherRevoked(why));
}
