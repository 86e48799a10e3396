using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using Kube.Client;
using TestKit;

namespace Simulation;

/// <summary>One life of a grant under an operator that dies once, and what was wrong with it.</summary>
internal sealed class CrashRun(Stillness stillness, CrashScenario scenario)
{
    private static readonly TimeSpan TooLate = Sample.Duration + TimeSpan.FromSeconds(10);

    /// <summary>A life without a death: what comes of it, and how many writes it takes.</summary>
    public (FinalRecord Outcome, IReadOnlyList<RequestRecord> Writes) Undisturbed()
    {
        using var world = new World(stillness);
        using var journal = new SimulatedJournal();
        scenario.Prepare(world);
        var replica = world.Start(Options(journal));
        world.Advance(TimeSpan.FromSeconds(2));
        var before = replica.Handler.Writes;
        Live(world);
        var problems = Problems(world, journal, null, null).ToList();
        if (problems.Count > 0) throw new InvalidOperationException($"{scenario.Name}, undisturbed: {string.Join("; ", problems)}");
        return (FinalRecord.Of(world.History.Last("inc-4711")), [.. world.Server.Requests.Writes.Skip(before)]);
    }

    /// <summary>A life with a death in it.</summary>
    /// <returns>What was wrong; null if the operator ended its work before it could die.</returns>
    public IReadOnlyList<string>? With(Death death, FinalRecord expected)
    {
        using var world = new World(stillness);
        using var journal = new SimulatedJournal();
        scenario.Prepare(world);
        var first = world.Start(Options(journal));
        world.Advance(TimeSpan.FromSeconds(2));
        first.Handler.KillAfterWrite(death.Write, death.AnswerLost);
        DateTimeOffset? restarted = null;
        world.AtRest = () =>
        {
            if (!first.IsDead || restarted is not null) return;
            first.Kill();
            if (death.Late) world.Advance(TooLate);
            restarted = world.Now;
            world.Start(Options(journal));
        };
        Live(world);
        if (restarted is null) return null;

        var outcome = FinalRecord.Of(world.History.Last("inc-4711"));
        var problems = Problems(world, journal, restarted, death).ToList();
        if (!death.Late && outcome != expected) problems.Add($"the outcome is {outcome} instead of {expected}");
        if (death.Late && outcome.Phase != expected.Phase && outcome.Phase != nameof(GrantPhase.Expired)) problems.Add($"it ended {outcome.Phase}");
        return [.. problems.Select(p => $"{scenario.Name}, {death}: {p}")];
    }

    private void Live(World world)
    {
        world.Server.Put(Sample.Grant(spec => scenario.Request(world, spec)));
        world.AdvanceUntil(() => world.Grant() is not { Status.Phase: null or GrantPhase.Pending }, TimeSpan.FromMinutes(5), "the grant active, or over");

        // The policy hears of it a second later.
        world.Advance(TimeSpan.FromSeconds(2));
        scenario.Finish(world);
        world.AdvanceUntil(() => world.Grant() is null || world.Grant()!.Status.IsTerminal, TimeSpan.FromMinutes(5), "the grant over");
        world.Advance(TimeSpan.FromSeconds(30));
    }

    private BreakGlass.Operator.Options.OperatorOptions Options(SimulatedJournal journal)
    {
        var options = scenario.HasGateway ? World.Options with { GatewayUrl = new("https://gateway.example.test:8443") } : World.Options;
        return scenario.HasJournal ? journal.With(options) : options;
    }

    private IEnumerable<string> Problems(World world, SimulatedJournal journal, DateTimeOffset? restarted, Death? death)
    {
        foreach (var violation in world.History.Violations) yield return violation;
        foreach (var (binding, late) in world.History.Late(world.Now, restarted))
        {
            // Timers count whole milliseconds.
            if (late > TimeSpan.FromMilliseconds(1)) yield return $"{binding.Key} gave access {late} too long";
        }

        foreach (var left in world.Owned()) yield return $"{left.KindName} {left.Key} is left over";
        var last = world.History.Last("inc-4711");
        if (!last.Status.IsTerminal) yield return $"it is {last.Status.Phase} in the end";
        if (scenario.HasGateway && last.Status.WasActive && last.Status.Gateway?.Certificate is null) yield return "it was active without a certificate";

        if (scenario.IsByVoucher && last.Status.IsRecorded
            && world.Server.Get<BreakGlassAuthority>(TestKit.Builders.OfflineDesk.Name)!.Status.Used.Count(u => u.GrantUid == last.Metadata.Uid) != 1)
            yield return "its voucher was not used once";

        if (scenario.HasJournal)
        {
            foreach (var problem in journal.Problems(last)) yield return problem;
        }

        // Deleted by its owner before anything was made, it need not stay for a proof.
        var nothingMade = world.Grant() is null && last.FinalizersOrEmpty.Count == 0 && world.History.Bindings.Count == 0;
        if (last.Status.IsRecorded && !nothingMade && !Conditions.IsTrue(last.Status.Conditions, "Revoked")) yield return "its revocation was never proven";
        if (world.Grant() is { Metadata.Finalizers.Count: > 0 }) yield return "its finalizer is still there";
        if (scenario.End is EndedBy.GrantDeletion && world.Grant() is not null) yield return "it was deleted and is still there";
        if (scenario.End is EndedBy.PolicyDeletion && world.Policy() is not null) yield return "its policy was deleted and is still there";
        if (world.Policy() is { Metadata.Finalizers.Count: > 0 } && death is null) yield return "its policy is still held by the finalizer";
    }
}
