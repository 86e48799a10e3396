using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Kube.Client;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>
/// Random policies, grants, clusters, clocks and interleavings. Every run takes the same seeds; a failure prints the shrunken scenario, which
/// can be pasted into a test of its own.
/// </summary>
public sealed class GrantProperties
{
    private static readonly Config Thousand = Config.QuickThrowOnFailure.WithMaxTest(1000).WithStartSize(1).WithEndSize(60);

    [Fact]
    public void Whatever_happens_every_decision_keeps_the_rules_and_every_grant_comes_to_its_end()
    {
        var (opened, overtaken, outlasted) = (new HashSet<string>(), 0, 0);
        Check(7, forgeries: false, scenario =>
        {
            var (world, invariants) = Live(scenario, forgeries: false);
            End(world);
            opened.UnionWith(invariants.Opened);
            overtaken += world.Overtaken;
            outlasted += invariants.Outlasted;
            invariants.NothingIsLeft();
            if (world.Cluster.Grant is not null) world.Status.IsTerminal.Should().BeTrue("some hours after its creation every grant is over");
            invariants.Plans.Should().BeGreaterThan(0);
        });
        opened.Should().Contain(
        [
            "BreakGlass NotRequired", "BreakGlass NotRequired limited", "JustInTime Approved", "JustInTime EmergencyBypass limited",
            "TimeBoxed NotRequired", "TimeBoxed NotRequired scheduled", "TimeBoxed Approved", "TimeBoxed Approved scheduled",
        ], "what never opened shows nothing");
        overtaken.Should().BeGreaterThan(20, "a run that gave way meets what others did meanwhile");
        outlasted.Should().BeGreaterThan(3, "the cause of an end can be gone before the end is recorded");
    }

    [Fact]
    public void Whatever_happens_a_grant_by_voucher_opens_once_and_ends_with_its_authority()
    {
        var (opened, revoked) = (0, 0);
        Check(51, RandomScenario.AnyByVoucher(forgeries: false), scenario =>
        {
            var (world, invariants) = Live(scenario, forgeries: false);
            if (world.Cluster.Authority is not { Spec.Suspended: false })
            {
                world.CachesLag = false;
                Rest(world);
                if (world.Cluster.Grant is { Status.ExpiresAt: not null }) invariants.NothingIsLeft();
            }

            End(world);
            opened += invariants.Opened.Count;
            if (world.Cluster.Grant?.Status.EndReason is EndReason.VoucherRevoked) revoked++;
            invariants.NothingIsLeft();
            if (world.Cluster.Grant is not null) world.Status.IsTerminal.Should().BeTrue("some hours after its creation every grant is over");
        });
        opened.Should().BeGreaterThan(20, "what never opened shows nothing");
        revoked.Should().BeGreaterThan(5);
    }

    [Fact]
    public void Whatever_is_forged_no_decision_breaks_the_rules_and_nothing_outlives_what_any_policy_gives()
    {
        Check(22, forgeries: true, scenario =>
        {
            var (world, _) = Live(scenario, forgeries: true);
            End(world);
            var left = world.Cluster.AccessBindings.Where(b => world.Cluster.MadeByOperator.Contains(b.Metadata.Uid!) && b.LabelsOrEmpty.Count > 0);
            left.Should().BeEmpty("a forged status can shorten a grant but not stretch it");
        });
    }

    [Fact]
    public void Once_the_operator_had_its_turn_past_the_end_no_binding_is_there_and_none_comes_again()
    {
        Check(33, forgeries: false, scenario =>
        {
            var (world, invariants) = Live(scenario, forgeries: false);
            world.CachesLag = false;
            if (world.Cluster.Grant is { } grant && GrantEnd.Of(grant, world.Settings) is { } due && due.At > world.Now) world.Now = due.At;
            else if (world.Cluster.Grant is not null && !world.Status.IsTerminal) return;

            // One turn, no waiting: the run that the end itself wakes up.
            Rest(world);
            invariants.NothingIsLeft();
            foreach (var e in scenario.Events)
            {
                world.Happen(e);
                if (world.Cluster.Grant is not null) invariants.NothingIsLeft();
            }
        });
    }

    [Fact]
    public void Every_run_settles_in_a_bounded_number_of_rounds()
    {
        Check(44, forgeries: true, scenario =>
        {
            var (world, _) = Live(scenario, forgeries: true);
            world.CachesLag = false;
            var before = world.Plans.Count;
            Rest(world);
            (world.Plans.Count - before).Should().BeLessThan(40);
            Rest(world).Steps.Should().BeEmpty();
        });
    }

    [Fact]
    public void Carrying_a_plan_out_twice_or_in_part_and_again_comes_to_the_same()
    {
        Check(55, forgeries: false, scenario =>
        {
            var (world, _) = Live(scenario, forgeries: false);
            world.CachesLag = false;
            var seed = scenario.Events.Sum(e => e.A);
            var facts = world.Gather(new ModelRun());
            var plan = GrantLifecycle.Decide(facts);
            var (once, again) = (world.Copy(), world.Copy());

            Try(() => once.Execute(facts, plan, new ModelRun()));
            var some = plan with { Steps = [.. Happenings.Shuffle(seed)(plan.Steps).Where((_, i) => (seed >> i) % 2 == 0)] };
            Try(() => again.Execute(facts, some, new ModelRun()));
            again.Order = Happenings.Shuffle(seed + 1);
            Try(() => again.Execute(facts, plan, new ModelRun()));
            Try(() => again.Execute(facts, plan, new ModelRun()));

            Shape(Settled(again)).Should().BeEquivalentTo(Shape(Settled(once)), o => o.WithStrictOrdering());
        });
    }

    [Fact]
    public void Where_the_journal_is_required_nothing_is_created_before_it_has_the_record_and_every_grant_comes_to_its_end()
    {
        var (opened, denied) = (0, 0);
        Check(66, forgeries: false, scenario =>
        {
            var world = Journaled(scenario, out var invariants);
            world.JournalIsAway = scenario.Narrowing == 3;
            End(world);
            opened += invariants.Opened.Count > 0 && world.Cluster.Grant?.Status.WasActive is true ? 1 : 0;
            denied += world.Cluster.Grant?.Status.Transitions is [.., { Reason: DenialReasons.JournalUnavailable }] ? 1 : 0;
            invariants.NothingIsLeft();
            if (world.Cluster.Grant is not null) world.Status.IsTerminal.Should().BeTrue("some hours after its creation every grant is over");
        });
        opened.Should().BeGreaterThan(100, "what never opened shows nothing");
        denied.Should().BeGreaterThan(20, "the journal is away for long at times");
    }

    [Fact]
    public void No_end_waits_for_the_journal()
    {
        Check(77, forgeries: false, scenario =>
        {
            var world = Journaled(scenario, out var invariants);
            (world.CachesLag, world.JournalIsAway) = (false, true);
            if (world.Cluster.Grant is { } grant && GrantEnd.Of(grant, world.Settings) is { } due && due.At > world.Now) world.Now = due.At;
            else if (world.Cluster.Grant is not null && !world.Status.IsTerminal) return;

            // One turn, no waiting, as in the property about the end itself.
            Rest(world);
            invariants.NothingIsLeft();
        });
    }

    /// <summary>The life of a grant whose access waits for the journal, which is away between some of the events.</summary>
    private static ModelWorld Journaled(RandomScenario scenario, out Invariants invariants)
    {
        var world = scenario.Build();
        world.Settings = world.Settings with { HasJournal = true, RequiresJournal = true };
        invariants = new(world, forgeries: false);
        foreach (var e in scenario.Events)
        {
            world.JournalIsAway = (e.A + e.B) % 3 == 0;
            world.Happen(e);
        }

        return world;
    }

    private static void Check(ulong seed, bool forgeries, Action<RandomScenario> property) =>
        Check(seed, RandomScenario.Any(forgeries), property);

    private static void Check(ulong seed, Arbitrary<RandomScenario> scenarios, Action<RandomScenario> property) =>
        Prop.ForAll(scenarios, property).Check(Thousand.WithReplay(seed, 1UL + (seed * 2)));

    private static (ModelWorld World, Invariants Invariants) Live(RandomScenario scenario, bool forgeries)
    {
        var world = scenario.Build();
        var invariants = new Invariants(world, forgeries);
        foreach (var e in scenario.Events) world.Happen(e);
        return (world, invariants);
    }

    /// <summary>Lets the rest of the longest life pass: nobody does anything any more, and the operator wakes as it asked to.</summary>
    private static void End(ModelWorld world)
    {
        world.CachesLag = false;
        world.RunUntil(world.Now.AddHours(15));
    }

    /// <summary>Runs until one comes to rest by itself, without time passing.</summary>
    private static GrantPlan Rest(ModelWorld world)
    {
        for (var runs = 0; runs < 12; runs++)
        {
            if (world.Reconcile() is { } plan && (plan.LookAgainAt is not { } at || at > world.Now)) return plan;
        }

        throw new InvalidOperationException("Twelve runs in a row broke off or gave way though nothing disturbs them.");
    }

    private static ModelWorld Settled(ModelWorld world)
    {
        Rest(world);
        return world.RunFor(TimeSpan.FromSeconds(20));
    }

    private static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (BrokenOff)
        {
            // The server refuses what does not fit any more; the next decision knows better.
        }
    }

    private static List<string> Shape(ModelWorld world) =>
    [
        $"{world.Cluster.Grant?.Status.Phase} {world.Cluster.Grant?.Status.EndReason} {string.Join(",", world.Cluster.Grant?.FinalizersOrEmpty ?? [])}",
        .. (world.Cluster.Grant?.Status.Bindings ?? []).Select(b => ObjectPlace.Of(b).ToString()),
        .. (world.Cluster.Grant?.Status.Conditions ?? []).Select(c => $"{c.Type} {c.Status} {c.Reason}"),
        .. world.Cluster.Objects.Values.Select(o =>
            $"{ObjectPlace.Of(o)} {ModelCluster.RoleRefOf(o)} {string.Join(",", ModelCluster.SubjectsOf(o).Select(s => s.Name))}")
            .Order(StringComparer.Ordinal),
    ];
}
