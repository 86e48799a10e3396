using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Lifecycle;

/// <summary>All that is known of one lockdown at one moment.</summary>
public sealed record LockdownFacts
{
    /// <summary>The time.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The lockdown.</summary>
    public required BreakGlassLockdown Lockdown { get; init; }

    /// <summary>All grants, finished ones too.</summary>
    public required IReadOnlyCollection<BreakGlassGrant> Grants { get; init; }

    /// <summary>A policy by name, or null where there is none.</summary>
    public required Func<string, BreakGlassPolicy?> Policy { get; init; }
}

/// <summary>What to do for a lockdown. What it ends is ended by the life of each grant; this only counts.</summary>
/// <param name="Status">The status it should have.</param>
/// <param name="Notes">Events that go with the status.</param>
/// <param name="LookAgainAt">When to look again if nothing happens.</param>
public sealed record LockdownPlan(LockdownStatus Status, IReadOnlyList<GrantNote> Notes, DateTimeOffset? LookAgainAt);

/// <summary>What a lockdown's status says of it.</summary>
public static class LockdownLifecycle
{
    private const string Engaged = "Engaged";
    private const string Complete = "Complete";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

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
            .With(Engaged, true, Engaged,
            $"Nothing in the scope is or becomes active while this lockdown exists: {LockdownRules.Reason(lockdown)}. To lift it, delete it.", generation, now)
            .With(Complete, complete, complete ? "AllProven" : "Revoking", complete
                ? $"{count} grant(s) were revoked, and each is proven to be."
                : $"{live} grant(s) still to be cut, {unproven} cut and still to be proven, {count} cut so far.", generation, now);

        IReadOnlyList<GrantNote> notes = Conditions.Find(before.Conditions, Engaged) is not null
            ? []
            : [new(true, "LockdownEngaged", "Lock",
                $"{Callers.Shown(lockdown.Spec.By)} shut {Scope(lockdown)}: {LockdownRules.Reason(lockdown)}. {live + revoked.Count} grant(s) of it "
                    + "were active.")];
        var status = new LockdownStatus
        {
            ObservedGeneration = generation,
            Revoked = count,
            CompletedAt = complete ? before.CompletedAt ?? Timestamp.Millis(now) : null,
            Conditions = conditions,
        };
        return new(status, notes, complete ? null : now + Patience);
    }

    private static string Scope(BreakGlassLockdown lockdown) => lockdown.Spec.PolicySelector is not { } s
        || (s.MatchLabels.Count == 0 && s.MatchExpressions.Count == 0)
        ? "everything"
        : "the policies that its selector matches";
}
