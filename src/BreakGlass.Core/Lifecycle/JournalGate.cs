using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Lifecycle;

/// <summary>Where a policy requires the journal, nothing is created for a grant before the journal contains its record. An end never waits here.</summary>
internal static class JournalGate
{
    /// <summary>How long a grant waits if its policy has no time limit for approvals.</summary>
    public static readonly TimeSpan UsualPatience = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    /// <summary>What is done before anything is created; null if nothing has to be done.</summary>
    public static GrantPlan? Decide(GrantFacts facts, BreakGlassGrant grant)
    {
        // What the status says of indices is not asked: somebody who can write a status could make access open unseen.
        if (!JournalRules.IsRequired(facts.Policy?.Spec, facts.Settings) || facts.Findings.Journaled
            || facts.Journal?.IsWritten(grant.Status, grant.Status.Transitions.Count - 1) is true) return null;

        if (facts is { Journal: not null, Findings.JournalProblem: null })
        {
            return GrantLifecycle.HasFinalizer(grant)
                ? GrantPlan.Do(new PlanStep.WriteJournal()) : GrantPlan.Do(new PlanStep.AddFinalizer(), new PlanStep.WriteJournal());
        }

        var (problem, until) = (facts.Journal is null ? null : facts.Findings.JournalProblem, Until(facts, grant));
        if (facts.Now >= until)
            return EndedGrant.Decide(facts, grant, Ending.Denied(DenialReasons.JournalUnavailable, JournalMessages.NotInTime(problem, until)));

        var status = GrantStatuses.WaitsForJournal(grant, problem, until, facts.Now);
        var next = facts.Now + Retry < until ? facts.Now + Retry : until;
        if (facts.End?.At < next) next = facts.End.At;
        return status.Conditions.SequenceEqual(grant.Status.Conditions) ? GrantPlan.Wait(next) : GrantPlan.Do(new PlanStep.WriteStatus(status));
    }

    /// <summary>How long a grant of the policy can wait for the journal; zero if it does not wait.</summary>
    public static TimeSpan Patience(GrantFacts facts) => !JournalRules.IsRequired(facts.Policy?.Spec, facts.Settings) ? TimeSpan.Zero
        : GoDuration.TryParse(facts.Policy?.Spec.Approval?.Timeout, out var timeout) ? timeout : UsualPatience;

    private static DateTimeOffset Until(GrantFacts facts, BreakGlassGrant grant) =>
        Timestamp.After(grant.Status.ActivatedAt ?? facts.Now, Patience(facts));
}
