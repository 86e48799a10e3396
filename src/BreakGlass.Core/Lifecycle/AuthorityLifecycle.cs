using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;

namespace BreakGlass.Core.Lifecycle;

/// <summary>What an authority's status says of it, besides the uses that are added when vouchers are redeemed.</summary>
public static class AuthorityLifecycle
{
    private static readonly TimeSpan UntilClocksAgree = TimeSpan.FromMinutes(1);

    /// <summary>Decides.</summary>
    public static AuthorityPlan Decide(AuthorityFacts facts)
    {
        var (authority, now, generation) = (facts.Authority, facts.Now, facts.Authority.Metadata.Generation);
        var before = authority.Status;
        var used = before.Used.Where(u => !facts.IsTimeCertain || VoucherUses.IsKept(u, authority.Spec, now)).ToList();
        var due = used.Where(u => VoucherUses.NeedsRotation(u, authority.Spec)).ToList();
        var (ready, reason, message) = Readiness(facts, used);
        var conditions = before.Conditions.With(AuthorityConditions.Ready, ready, reason, message, generation, now);
        conditions = due.Count == 0
            ? conditions.With(AuthorityConditions.RotationDue, false, AuthorityConditions.NotUsed, VoucherMessages.NotUsed, generation, now)
            : conditions.With(AuthorityConditions.RotationDue, true, AuthorityConditions.VoucherUsed, VoucherMessages.RotationDue(due), generation, now);
        IReadOnlyList<GrantEvent> events = due.Count > 0 && !Conditions.IsTrue(before.Conditions, AuthorityConditions.RotationDue)
            ? [new(true, EventReasons.RotationDue, EventActions.Observe, VoucherMessages.RotationDue(due))] : [];
        var status = before with
        {
            ObservedGeneration = generation,
            Conditions = conditions,
            Keys = AuthorityRules.Usable(authority, now).Count,
            Used = used.Count == before.Used.Count ? before.Used : used,
        };
        return new(status, events, Next(facts, used));
    }

    private static (bool Ready, string Reason, string Message) Readiness(AuthorityFacts facts, List<VoucherUse> used)
    {
        var (authority, usable) = (facts.Authority, AuthorityRules.Usable(facts.Authority, facts.Now).Count);
        var problems = AuthorityRules.Check(authority);
        if (problems.Count > 0) return (false, problems[0].Reason, string.Join(" ", problems.Select(p => $"{p}.")));
        if (facts.Seal is not SealState.Valid)
            return (false, AuthorityConditions.AuthorityNotSealed, VoucherMessages.NotSealed(authority.Metadata.Name));
        if (authority.Spec.Suspended) return (false, AuthorityConditions.Suspended, VoucherMessages.Suspended);
        if (usable < authority.Spec.Required)
            return (false, AuthorityConditions.KeysExpired, VoucherMessages.KeysExpired(usable, authority.Spec.Required));
        return VoucherUses.Fits(used)
            ? (true, AuthorityConditions.Accepted, VoucherMessages.Accepted)
            : (false, AuthorityConditions.TooManyUses, VoucherMessages.TooManyUses);
    }

    /// <summary>A key ends, or a use need not be kept any longer.</summary>
    private static DateTimeOffset? Next(AuthorityFacts facts, List<VoucherUse> used)
    {
        var forgotten = used.Where(u => !VoucherUses.NeedsRotation(u, facts.Authority.Spec))
            .Min(u => (DateTimeOffset?)Timestamp.After(u.ExpiresAt, VoucherUses.KeptAfterExpiry));
        if (forgotten <= facts.Now) forgotten = facts.Now + UntilClocksAgree;
        var ends = AuthorityRules.NextEnd(facts.Authority, facts.Now);
        return forgotten is null || ends < forgotten ? ends : forgotten;
    }
}
