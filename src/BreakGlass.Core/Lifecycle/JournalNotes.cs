using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Lifecycle;

/// <summary>
/// What a grant's status says of the journal: the index of each transition, and the condition Journaled. It is written with what is written anyway, and a
/// difference in it alone causes no write.
/// </summary>
internal static class JournalNotes
{
    /// <summary>A transition that is not in the journal for longer than this is a backlog.</summary>
    public static readonly TimeSpan Moment = TimeSpan.FromSeconds(5);

    /// <summary>The plan, with what is known of the journal in each status that it writes.</summary>
    public static GrantPlan Taken(GrantPlan plan, GrantFacts facts) => facts.Grant is { } grant && plan.Steps.Any(s => s is PlanStep.WriteStatus)
        ? plan with { Steps = [.. plan.Steps.Select(s => s is PlanStep.WriteStatus write ? write with { Status = Noted(write.Status, grant, facts) } : s)] }
        : plan;

    private static GrantStatus Noted(GrantStatus status, BreakGlassGrant grant, GrantFacts facts)
    {
        if (facts.Journal is not { } journal)
        {
            return JournalRules.IsRequired(facts.Policy?.Spec, facts.Settings)
                ? status : status with { Conditions = status.Conditions.Without(GrantConditions.Journaled) };
        }

        // The journal is right where a status that somebody forged says something else.
        if (journal.Entries.Count > 0)
        {
            var plain = status;
            status = status with
            {
                Transitions = [.. plain.Transitions.Select((t, number) => journal.IndexOf(plain, number) is { } index ? t with { JournalIndex = index } : t)],
            };
        }

        // What the plan itself says of it stands.
        var said = Conditions.Find(status.Conditions, GrantConditions.Journaled);
        var isKnown = journal.IsRead || journal.Problem is not null;
        return !isKnown || said != Conditions.Find(grant.Status.Conditions, GrantConditions.Journaled) ? status : status with
        {
            Conditions = Judged(status, grant.Status.Transitions.Count, journal, grant.Metadata.Generation, facts.Now),
        };
    }

    /// <summary>Of the transitions that the status had before: a new one can only be in the journal once it is written.</summary>
    private static IReadOnlyList<Condition> Judged(GrantStatus status, int before, JournalFacts journal, long? generation, DateTimeOffset now)
    {
        var written = status.Transitions.Take(before).ToList();
        var waiting = written.Where(t => t.JournalIndex is null).ToList();
        if (waiting.Exists(t => now - t.At > Moment))
        {
            return status.Conditions.With(
                GrantConditions.Journaled, false, GrantConditions.Backlog, JournalMessages.Waiting(waiting.Count, journal.Problem), generation, now);
        }

        return waiting.Count > 0 || written.Count == 0 ? status.Conditions : status.Conditions.With(
            GrantConditions.Journaled, true, GrantConditions.Journaled, JournalMessages.Written(written[^1]), generation, now);
    }
}
