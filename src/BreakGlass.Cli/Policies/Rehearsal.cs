using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;

namespace BreakGlass.Cli.Policies;

/// <summary>What the operator would decide on a request, by asking the very rules it asks, and carrying out nothing.</summary>
internal static class Rehearsal
{
    private const int MostRounds = 16;

    /// <summary>The status that the request would get first that says something: denied, waiting, or recorded as about to open.</summary>
    public static GrantStatus Run(GrantFacts facts)
    {
        for (var round = 0; round < MostRounds; round++)
        {
            var plan = GrantLifecycle.Decide(facts);
            if (plan.Steps.Count == 0) break;
            foreach (var step in plan.Steps)
            {
                switch (step)
                {
                    case PlanStep.Refresh:
                        facts = facts with { Attempt = facts.Attempt with { Refreshed = true } };
                        break;
                    case PlanStep.LookAtOthers look:
                        facts = facts with { Attempt = facts.Attempt with { OthersAsOf = look.PolicyVersion } };
                        break;
                    case PlanStep.Reserve reserve:
                        facts = facts with { Policy = reserve.Policy with { Status = reserve.Status } };
                        break;
                    case PlanStep.WriteStatus write:
                        facts = facts with { Grant = facts.Grant! with { Status = write.Status } };
                        break;
                }
            }

            var status = facts.Grant!.Status;
            if (GrantLifecycle.IsTerminal(status.Phase) || GrantLifecycle.IsRecorded(status)) return status;
        }

        return facts.Grant!.Status;
    }

    /// <summary>The phase for people: what is recorded opens within moments.</summary>
    public static GrantPhase Phase(GrantStatus status) => status.Phase switch
    {
        GrantPhase.Pending or null when GrantLifecycle.IsRecorded(status) => GrantPhase.Active,
        { } phase => phase,
        null => GrantPhase.Pending,
    };
}
