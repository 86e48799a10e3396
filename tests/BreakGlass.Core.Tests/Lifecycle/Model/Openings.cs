using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sealing;
using Kube.Client;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>What must be true at the moment a grant is recorded, told apart from how the code comes to it.</summary>
internal static class Openings
{
    public static string Hold(GrantFacts facts, BreakGlassGrant grant, GrantStatus after)
    {
        var (policy, now) = (facts.Policy!, facts.Now);
        Invariants.Hold(policy is { Spec.Suspended: false, Metadata.DeletionTimestamp: null }, "the policy is there and not suspended");
        Invariants.Hold(facts is { Seal: SealState.Valid, PolicySeal: SealState.Valid }, "somebody vouches for the grant and for its policy");
        Invariants.Hold(!facts.Lockdowns.Any(l => l.Spec.PolicySelector is null), "no lockdown shuts it");
        Invariants.Hold(after.ActivatedAt == now && after.ExpiresAt > now && after.ExpiresAt <= now.AddHours(1),
            "its time begins now and is what the policy gives at most");
        Invariants.Hold(now - (grant.Metadata.CreatedAt ?? now) <= TimeSpan.FromHours(2), "it is not opened when nobody expects it");
        Approved(facts, grant, policy, after);
        Redeemed(facts, grant, after);
        InItsWindow(grant, policy, after);
        Invariants.Hold(policy.Spec.Limits?.MaxActive is null || policy.Status.Holders.Any(h => h.Uid == grant.Metadata.Uid && h.EndedAt is null),
            "it has its place in the policy");
        if (policy.Spec.Review?.BlockRequesterUntilReviewed is true)
        {
            Invariants.Hold(!facts.Siblings.Any(s => s.Spec.Requester!.Username == "alice" && s.Status.EndedAt is not null
                && s.Status.Conditions.Any(c => c is { Type: "Reviewed", Status: not "True" })), "no other grant of the requester waits for its review");
        }

        return $"{policy.Spec.Mode} {Conditions.Find(after.Conditions, "Approved")!.Reason}{(policy.Spec.Limits is null ? "" : " limited")}"
            + $"{(grant.Status.Phase is GrantPhase.Scheduled ? " scheduled" : "")}";
    }

    private static void Approved(GrantFacts facts, BreakGlassGrant grant, BreakGlassPolicy policy, GrantStatus after)
    {
        if (policy.Spec.Approval is not { } terms) return;
        var own = facts.Approvals.Where(
            a => a.Spec.GrantUid == grant.Metadata.Uid && a.Spec.Approver!.Groups.Contains("approvers") && a.Spec.Approver.Username != "alice").ToList();
        Invariants.Hold(own.TrueForAll(a => a.Spec.Decision != "Deny"), "nobody who may said no");
        var yes = own.Select(a => a.Spec.Approver!.Username).Distinct().Count();
        if (yes >= terms.Required && after.Conditions.Any(c => c is { Type: "Approved", Status: "True" })) return;
        Invariants.Hold(policy.Spec.EmergencyBypass is not null, $"{yes} agreed, and {terms.Required} must");
        Invariants.Hold(facts.Now >= grant.Metadata.CreatedAt!.Value.AddMinutes(10), "a bypass is not before the approvers had their time");
        Invariants.Hold(after.ExpiresAt - after.ActivatedAt <= TimeSpan.FromMinutes(4), "a bypass is short");
        Invariants.Hold(after.Conditions.Any(c => c is { Type: "Approved", Status: "False", Reason: "EmergencyBypass" })
            && after.Conditions.Any(c => c.Type == "Reviewed"), "a bypass says so and is reviewed");
    }

    private static void Redeemed(GrantFacts facts, BreakGlassGrant grant, GrantStatus after)
    {
        if (grant.Spec.Voucher is null) return;
        Invariants.Hold(facts is { Authority: { Spec.Suspended: false, Metadata.DeletionTimestamp: null }, AuthoritySeal: SealState.Valid },
            "the authority is there, sealed and not suspended");
        Invariants.Hold(facts.Authority!.Status.Used.Count(u => u.Id == "v-1" && u.GrantUid == grant.Metadata.Uid) == 1, "its voucher was used for it alone");
        Invariants.Hold(!facts.Authority.Spec.Revoked.Contains("v-1"), "its voucher is not revoked");
        Invariants.Hold(facts.Authority.Spec.Keys.Any(k => k.Kid == "first" && !(k.NotAfter <= facts.Now)), "the key that signed it is valid");
        Invariants.Hold(after.ExpiresAt - after.ActivatedAt <= TimeSpan.FromMinutes(20), "it lasts no longer than policy and voucher give");
        Invariants.Hold(after.Conditions.Any(c => c.Type == "Reviewed"), "it is reviewed");
    }

    private static void InItsWindow(BreakGlassGrant grant, BreakGlassPolicy policy, GrantStatus after)
    {
        if (policy.Spec.Schedule is not { } schedule) return;
        var ends = TimeSpan.FromMinutes(60 + int.Parse(schedule.Windows[0].End.AsSpan(3), System.Globalization.CultureInfo.InvariantCulture));
        var at = after.ActivatedAt!.Value;
        Invariants.Hold(at >= (grant.Spec.StartTime ?? at), "not before it should start");
        Invariants.Hold(at.TimeOfDay >= TimeSpan.FromHours(1) && at.TimeOfDay < ends, "it begins in its window");
        Invariants.Hold(after.ExpiresAt!.Value.Date == at.Date && after.ExpiresAt.Value.TimeOfDay <= ends, "and never lasts past it");
    }

    /// <summary>A place is taken where there is one, beside all that hold or have one.</summary>
    public static void HoldPlace(GrantFacts facts, BreakGlassGrant grant, PlanStep.Reserve reserve)
    {
        var limits = reserve.Policy.Spec.Limits ?? new();
        var taken = reserve.Policy.Status.Holders.Where(h => h.EndedAt is null).Select(h => (h.Uid, h.Requester))
            .Concat(facts.Siblings.Where(s => s.Status.ExpiresAt is not null).Select(s => (Uid: s.Metadata.Uid!, Requester: s.Spec.Requester!.Username)))
            .Where(p => p.Uid != grant.Metadata.Uid && !facts.Siblings.Any(s => s.Metadata.Uid == p.Uid && s.Status.EndedAt is not null)).Distinct().ToList();
        Invariants.Hold(!(taken.Count >= limits.MaxActive), $"{taken.Count} places are taken");
        Invariants.Hold(!(taken.Count(p => p.Requester == "alice") >= limits.MaxActivePerRequester), "the requester has one already");
        Invariants.Hold(reserve.Status.Holders.Count(h => h.Uid == grant.Metadata.Uid) == 1 && reserve.Policy.Status.Holders
            .All(h => h.Uid == grant.Metadata.Uid || reserve.Status.Holders.Contains(h)), "it takes one place and nobody else's");
    }
}
