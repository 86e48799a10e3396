using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Vouchers;

namespace BreakGlass.Core.Lifecycle;

/// <summary>
/// The single use of a voucher: before a grant is recorded, its authority's status says which grant the voucher was used for. It is written under the
/// resourceVersion of the authority that was judged, so of many grants by one voucher one gets it, and a crash after the write loses nothing: the entry names
/// the grant.
/// </summary>
internal static class VoucherRedemption
{
    /// <summary>What is done before a grant is recorded; null if nothing has to be done.</summary>
    public static GrantPlan? Next(GrantFacts facts, BreakGlassGrant grant)
    {
        if (Use(facts, grant) is not null || facts.Authority is not { } authority) return null;
        if (SignedVoucher.TryRead(grant.Spec.Voucher, out _) is not { } voucher) return null;
        VoucherUse use = new()
        {
            Id = voucher.Claims.Id,
            Grant = grant.Metadata.Name,
            GrantUid = grant.Metadata.Uid ?? "",
            Person = VoucherUses.Short(voucher.Claims.Person) ?? "",
            PresentedBy = VoucherUses.Short(grant.Spec.Requester?.PresentedBy),
            Drill = DrillRules.IsDrill(grant, facts.Settings) ? DrillRules.NamedBy(grant) : null,
            Keys = VoucherRules.Signers(voucher, authority, facts.Now),
            At = Timestamp.Millis(facts.Now),
            ExpiresAt = Timestamp.Millis(voucher.Claims.Expires),
        };

        // The conditions go with the use, so that the authority is not written a second time while the grant opens. Nothing is forgotten here.
        var used = authority with { Status = authority.Status with { Used = [.. authority.Status.Used, use] } };
        var plan = AuthorityLifecycle.Decide(new() { Now = facts.Now, Authority = used, Seal = facts.AuthoritySeal, IsTimeCertain = false });
        return GrantPlan.Do(new PlanStep.Redeem(authority, plan.Status, [.. plan.Events]));
    }

    /// <summary>That the voucher of a grant was used, as it is reported with the grant's record; null if the grant has none.</summary>
    public static GrantEvent? Event(GrantFacts facts, BreakGlassGrant grant) => Use(facts, grant) is { } use
        ? new(use.Drill is null, EventReasons.VoucherUsed, EventActions.Redeem, VoucherMessages.Used(grant, use, facts.Authority!.Metadata.Name))
        {
            Authority = facts.Authority,
        }
        : null;

    /// <summary>The entry of the authority that says that the grant's voucher was used for it.</summary>
    private static VoucherUse? Use(GrantFacts facts, BreakGlassGrant grant) =>
        VoucherRules.IdOf(grant) is { } id && facts.Authority is { } authority && VoucherRules.UseOf(id, authority) is { } use
            && use.GrantUid == grant.Metadata.Uid ? use : null;
}
