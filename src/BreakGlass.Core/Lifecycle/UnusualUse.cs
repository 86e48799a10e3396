using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sessions;

namespace BreakGlass.Core.Lifecycle;

/// <summary>Reports what is unusual about the use of a grant, each kind once, and ends the grant if its policy says so.</summary>
internal static class UnusualUse
{
    /// <summary>What was not reported yet.</summary>
    public static IReadOnlyList<Anomaly> Untold(GrantFacts facts, BreakGlassGrant grant) =>
        [.. facts.Anomalies.Where(a => !grant.Status.Anomalies.Contains(a.Kind)).DistinctBy(a => a.Kind)];

    /// <summary>The grant with what is reported now, which is written together with it: it is never reported twice.</summary>
    public static BreakGlassGrant Noted(GrantFacts facts, BreakGlassGrant grant) => Untold(facts, grant) is { Count: > 0 } untold
        ? grant with { Status = grant.Status with { Anomalies = [.. grant.Status.Anomalies, .. untold.Select(a => a.Kind)] } } : grant;

    /// <summary>The events of what is reported now.</summary>
    public static IEnumerable<GrantEvent> Events(GrantFacts facts, BreakGlassGrant grant) => Untold(facts, grant).Select(a => new GrantEvent(
        true, EventReasons.AnomalousActivity, EventActions.Observe, SessionMessages.Anomaly(grant, Sentence(a))) { Distinct = $"{a.Kind}", Anomaly = a.Kind });

    /// <summary>Why the policy ends the grant now; null if it does not.</summary>
    public static Ending? Ending(GrantFacts facts, BreakGlassGrant grant, BreakGlassPolicy policy)
    {
        if (policy.Spec.Session is not { OnAnomaly: AnomalyHandling.Revoke }) return null;
        var why = facts.Anomalies.Count > 0 ? Sentence(facts.Anomalies[0])
            : grant.Status.Anomalies.Count > 0 ? SessionMessages.Unusual(grant.Status.Anomalies) : null;
        return why is null ? null : new(EndReason.Anomaly, GrantStatuses.Operator, EndMessages.Anomaly(why));
    }

    /// <summary>Reports what events say of a grant that is over, because they arrive later than its end; null if there is nothing to report.</summary>
    public static GrantPlan? AfterEnd(GrantFacts facts, BreakGlassGrant grant)
    {
        if (Untold(facts, grant).Count == 0) return null;
        var noted = Noted(facts, grant);
        var waits = Conditions.Find(grant.Status.Conditions, GrantConditions.Reviewed)?.Reason == GrantConditions.ReviewPending;
        var status = waits ? noted.Status with { Conditions = ReviewedGrant.Pending(noted, facts.Policy, facts.Now) } : noted.Status;
        return GrantPlan.Do(new PlanStep.WriteStatus(status, [.. Events(facts, grant)]));
    }

    private static string Sentence(Anomaly anomaly) => SessionMessages.Anomaly(anomaly.Kind, anomaly.Number, anomaly.Limit, anomaly.What);
}
