using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>Limits on how many grants a policy gives at a time, and on how soon a requester gets the next.</summary>
public sealed class GrantLimitTests
{
    [Fact]
    public void A_place_is_taken_in_the_policy_before_the_grant_is_recorded()
    {
        var world = new ModelWorld(Limited(new() { MaxActive = 1 }));
        world.Done = (_, step) =>
        {
            if (step is PlanStep.WriteStatus { Status.ExpiresAt: not null }) world.Cluster.Policy!.Status.Holders.Should().ContainSingle();
        };
        world.Run();
        world.Status.Phase.Should().Be(GrantPhase.Active);
        world.Cluster.Policy!.Status.Holders.Should().Equal(new HolderRecord { Grant = "inc-4711", Uid = "grant-1", Requester = "alice", Since = A.Start });
        world.Plans.SelectMany(p => p.Steps).OfType<PlanStep.Reserve>().Should().ContainSingle();
    }

    [Fact]
    public void Without_limits_no_place_is_taken()
    {
        var world = new ModelWorld().Run();
        world.Plans.SelectMany(p => p.Steps).Should().NotContain(s => s is PlanStep.Reserve);
    }

    /// <summary>Limits, the other grants and the holders, and why not (nothing: it is given).</summary>
    private static readonly Dictionary<string, (Limits Limits, BreakGlassGrant[] Siblings, HolderRecord[] Holders, string? Reason, string[] Words)> Cases =
        new()
        {
            ["room"] = (new() { MaxActive = 2 }, [Live("a", "bob")], [], null, []),
            ["full by a recorded grant"] = (new() { MaxActive = 1 }, [Live("a", "bob")], [], "LimitReached",
                ["at most 1 grant(s)", "(a)", "create a new grant"]),
            ["full by a holder that no cache shows"] = (new() { MaxActive = 1 }, [], [Holder("a", "bob")], "LimitReached", ["(a)"]),
            ["full by both, counted once"] = (new() { MaxActive = 2 }, [Live("a", "bob")], [Holder("a", "bob")], null, []),
            ["full by one each"] = (new() { MaxActive = 2 }, [Live("a", "bob")], [Holder("b", "eve")], "LimitReached", ["2 exist (b, a)"]),
            ["what waits takes no place"] = (new() { MaxActive = 1 }, [Waiting("a", "bob")], [], null, []),
            ["what is over takes no place"] = (new() { MaxActive = 1 }, [Over("a", "bob", 1)], [Holder("a", "bob")], null, []),
            ["what ended takes no place"] = (new() { MaxActive = 1 }, [], [Holder("a", "bob") with { EndedAt = A.Start.AddMinutes(-1) }], null, []),
            ["one's own"] = (new() { MaxActivePerRequester = 1 }, [Live("a", "alice")], [], "LimitReached", ["'alice' has 1 (a)", "revoke it"]),
            ["another's"] = (new() { MaxActivePerRequester = 1 }, [Live("a", "bob")], [Holder("b", "eve")], null, []),
            ["one's own holder"] = (new() { MaxActivePerRequester = 1, MaxActive = 5 }, [], [Holder("a", "alice")], "LimitReached", ["at most 1"]),
            ["too soon after one's last"] = (new() { Cooldown = "10m" }, [Over("a", "alice", 9)], [], "CoolingDown",
                ["a cooldown of 10m", "'a' ended at 2026-11-22T00:53:03.000Z", "after 2026-11-22T01:03:03.000Z"]),
            ["too soon by the record in the policy"] = (new() { Cooldown = "10m" }, [], [Holder("a", "alice") with { EndedAt = A.Start.AddMinutes(-9) }],
                "CoolingDown", ["'a'"]),
            ["too soon after one that vanished"] = (new() { Cooldown = "10m" }, [], [Holder("a", "alice")], "CoolingDown", ["'a'"]),
            ["another's that vanished"] = (new() { Cooldown = "10m" }, [], [Holder("a", "bob")], null, []),
            ["late enough"] = (new() { Cooldown = "10m" }, [Over("a", "alice", 10)], [], null, []),
            ["too soon for somebody else"] = (new() { Cooldown = "10m" }, [Over("a", "bob", 1)], [], null, []),
            ["what never opened costs no wait"] = (new() { Cooldown = "10m" }, [Failed("a", "alice")], [], null, []),
            ["what was denied costs no wait"] = (new() { Cooldown = "10m" }, [Denied("a", "alice")], [], null, []),
        };

    public static TheoryData<string> CaseNames => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(CaseNames))]
    public void A_grant_gets_a_place_or_is_told_why_not(string name)
    {
        var (limits, siblings, holders, reason, words) = Cases[name];
        var world = new ModelWorld(Limited(limits, holders));
        world.Cluster.Siblings = [.. siblings];
        world.Run();
        world.Status.Phase.Should().Be(reason is null ? GrantPhase.Active : GrantPhase.Denied);
        if (reason is null) return;
        var condition = Conditions.Find(world.Status.Conditions, "Authorized")!;
        (condition.Status, condition.Reason, world.Status.EndReason).Should().Be(("False", reason, EndReason.Denied));
        foreach (var word in words) condition.Message.Should().Contain(word);
        world.Cluster.Policy!.Status.Holders.Should().NotContain(h => h.Grant == "inc-4711");
    }

    [Fact]
    public void A_place_that_is_taken_meanwhile_is_seen_though_the_cache_is_behind()
    {
        var world = new ModelWorld(Limited(new() { MaxActive = 1 })) { CachesLag = true };
        world.Cluster.WritePolicyStatus(world.Cluster.Policy!, new() { Holders = [Holder("a", "bob")] });
        world.Run();
        Conditions.Find(world.Status.Conditions, "Authorized")!.Reason.Should().Be("LimitReached");
    }

    [Fact]
    public void A_run_that_died_after_it_took_the_place_goes_on_with_it()
    {
        var world = new ModelWorld(
            Limited(new() { MaxActive = 1, MaxActivePerRequester = 1 })) { Faults = s => s is PlanStep.Reserve ? StepFault.DiesAfter : StepFault.None };
        world.Reconcile().Should().BeNull();
        world.Faults = _ => StepFault.None;
        world.Run().Status.Phase.Should().Be(GrantPhase.Active);
        world.Cluster.Policy!.Status.Holders.Should().ContainSingle();
    }

    [Fact]
    public void A_place_is_taken_when_it_opens_not_when_it_is_asked_for()
    {
        var world = new ModelWorld(GrantApprovalTests.JustInTime(policy: s => s with { Limits = new() { MaxActive = 1 } }));
        world.Cluster.Siblings = [Live("a", "bob")];
        world.Run().Status.Phase.Should().Be(GrantPhase.AwaitingApproval);
        world.Cluster.Siblings = [Over("a", "bob", 0)];
        world.Decide("carol");
        world.Run().Status.Phase.Should().Be(GrantPhase.Active);
    }

    internal static BreakGlassPolicy Limited(Limits limits, params HolderRecord[] holders) =>
        A.Policy(s => s with { Limits = limits }) with { Status = new() { Holders = holders } };

    internal static HolderRecord Holder(string name, string requester) =>
        new() { Grant = name, Uid = $"uid-{name}", Requester = requester, Since = A.Start.AddHours(-1) };

    internal static BreakGlassGrant Live(string name, string requester) => Of(name, requester, new()
    {
        Phase = GrantPhase.Active, ActivatedAt = A.Start.AddMinutes(-10), ExpiresAt = A.Start.AddMinutes(20), PolicyUid = "policy-1",
        Transitions = [new() { To = GrantPhase.Pending }, new() { From = GrantPhase.Pending, To = GrantPhase.Active }],
    });

    internal static BreakGlassGrant Over(string name, string requester, int minutesAgo)
    {
        var live = Live(name, requester);
        return live with { Status =
            live.Status with { Phase = GrantPhase.Revoked, EndedAt = A.Start.AddMinutes(-minutesAgo), EndReason = EndReason.RevokedByUser } };
    }

    internal static BreakGlassGrant Failed(string name, string requester)
    {
        var over = Over(name, requester, 1);
        return over with { Status =
            over.Status with { Phase = GrantPhase.Failed, EndReason = EndReason.Failed, Transitions = [new() { To = GrantPhase.Pending }] } };
    }

    internal static BreakGlassGrant Denied(string name, string requester) =>
        Of(name, requester, new() { Phase = GrantPhase.Denied, EndedAt = A.Start.AddMinutes(-1) });

    internal static BreakGlassGrant Waiting(string name, string requester) => Of(name, requester, new() { Phase = GrantPhase.AwaitingApproval });

    private static BreakGlassGrant Of(string name, string requester, GrantStatus status) =>
        A.Grant(s => s with { Requester = A.Caller(requester, "payments-oncall") }, name, $"uid-{name}") with { Status = status };
}
