using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Lifecycle;

/// <summary>What a lockdown's status says of it.</summary>
public static class LockdownLifecycle
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>Decides.</summary>
    public static LockdownPlan Decide(LockdownFacts facts)
    {
        var (lockdown, before, now) = (facts.Lockdown, facts.Lockdown.Status, facts.Now);
        var generation = lockdown.Metadata.Generation;
        var recorded = facts.Grants.Where(g => g.Status.IsRecorded && LockdownRules.Covers(lockdown, facts.Policy(g.Spec.Policy))).ToList();
        var live = recorded.Count(g => !g.Status.IsTerminal);
        var revoked = recorded.Where(
            g => g.Status.IsTerminal && g.Status.EndReason is EndReason.Lockdown && !(g.Status.EndedAt < lockdown.Metadata.CreatedAt)).ToList();
        var unproven = revoked.Count(g => !Conditions.IsTrue(g.Status.Conditions, GrantConditions.Revoked));

        // Records are deleted in time; what was counted stays counted.
        var count = Math.Max(revoked.Count, before.Revoked ?? 0);
        var complete = live == 0 && unproven == 0;
        var conditions = before.Conditions
            .With(LockdownConditions.Engaged, true, LockdownConditions.Engaged, LockdownMessages.InForce(lockdown), generation, now)
            .With(LockdownConditions.Complete, complete, complete ? LockdownConditions.AllProven : LockdownConditions.Revoking,
                complete ? LockdownMessages.AllProven(count) : LockdownMessages.Revoking(live, unproven, count), generation, now);

        IReadOnlyList<GrantEvent> events = Conditions.Find(before.Conditions, LockdownConditions.Engaged) is not null
            ? []
            : [new(true, EventReasons.LockdownEngaged, EventActions.Lock, LockdownMessages.Engaged(lockdown, live + revoked.Count))];
        var status = new LockdownStatus
        {
            ObservedGeneration = generation,
            Revoked = count,
            CompletedAt = complete ? before.CompletedAt ?? Timestamp.Millis(now) : null,
            Conditions = conditions,
        };
        return new(status, events, complete ? null : now + Interval);
    }
}
