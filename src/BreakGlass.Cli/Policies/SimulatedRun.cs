using BreakGlass.Core.Sealing;

namespace BreakGlass.Cli.Policies;

/// <summary>What the operator would decide on a request: its own run, against a server that accepts every write.</summary>
internal static class SimulatedRun
{
    private const int MostRounds = 16;

    private static readonly StepResult Done = new StepResult.Done();

    /// <summary>The status that the request would get first that says something: denied, waiting, or recorded as about to open.</summary>
    public static GrantStatus Run(GrantFacts facts)
    {
        facts = facts.JudgedBy(SealCheck.Trusting);
        var run = GrantRun.Fresh.Of(facts.Grant!.Metadata.Uid);
        for (var round = 0; round < MostRounds; round++)
        {
            var plan = run.Next(facts);
            if (plan.Steps.Count == 0) break;
            run = plan.Steps.Aggregate(run, (known, step) => known.After(facts, step, Done, facts.Now).Run).AfterRound(facts, plan);
            facts = plan.Steps.Aggregate(facts, Write);
            var status = facts.Grant!.Status;
            if (status.IsTerminal || status.IsRecorded) return status;
        }

        return facts.Grant!.Status;
    }

    /// <summary>A server that takes everything: what a step writes is there.</summary>
    private static GrantFacts Write(GrantFacts facts, PlanStep step) => step switch
    {
        PlanStep.Reserve reserve => facts with { Policy = reserve.Policy with { Status = reserve.Status } },
        PlanStep.WriteStatus write => facts with { Grant = facts.Grant! with { Status = write.Status } },
        _ => facts,
    };

    /// <summary>The phase for people: what is recorded opens within moments.</summary>
    public static GrantPhase Phase(GrantStatus status) => status.Phase switch
    {
        GrantPhase.Pending or null when status.IsRecorded => GrantPhase.Active,
        { } phase => phase,
        null => GrantPhase.Pending,
    };
}
