using BreakGlass.Core.Leftovers;
using BreakGlass.Core.Model;

namespace BreakGlass.Core.Lifecycle;

/// <summary>
/// After the end is proven and all is tidied up, once: what did the grant's identity leave behind? Nothing waits for it, and where it cannot be
/// answered in time the record stays without the answer.
/// </summary>
internal static class LeftoverSearch
{
    /// <summary>The garbage collector removes what belonged to the binding; usually it takes a second.</summary>
    private static readonly TimeSpan CollectedWithin = TimeSpan.FromSeconds(10);

    /// <summary>The last audit events may still be on the way, and rows are written a few seconds after they arrive.</summary>
    private static readonly TimeSpan RecordedWithin = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan GiveUp = TimeSpan.FromMinutes(2);

    /// <summary>Grants that ended before are left alone: an upgrade must not look for the leftovers of thousands.</summary>
    private static readonly TimeSpan Recent = TimeSpan.FromMinutes(10);

    public static GrantPlan? Decide(GrantFacts facts, BreakGlassGrant grant)
    {
        var status = grant.Status;
        if (!facts.Settings.LooksForLeftovers || grant.Metadata.DeletionTimestamp is not null || status.Credential is not CredentialKind.ServiceAccountToken
            || !grant.Status.WasActive) return null;
        if (Conditions.Find(status.Conditions, GrantConditions.LeftBehind) is not null) return null;
        if (status.EndedAt is not { } ended || facts.Now - ended > Recent) return null;
        var at = ended + (facts.Settings.HasSessions ? RecordedWithin
            : facts.Policy?.Spec.Leftovers is LeftoverHandling.Remove ? CollectedWithin : TimeSpan.Zero);
        if (facts.Now < at) return GrantPlan.Wait(at);
        if (facts.Findings.Leftovers is not { } seen) return GrantPlan.Do(new PlanStep.LookForLeftovers());
        if (!seen.Stamped && !seen.Recorded) return null;
        return seen.Failed && facts.Now - ended < GiveUp
            ? GrantPlan.Wait(facts.Now + Retry) : GrantPlan.Do(new PlanStep.WriteStatus(LeftBehind.Record(grant, seen, facts.Now)));
    }
}
