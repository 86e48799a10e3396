using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>What a policy's status watches over: its seal, the roles it was written for, the places under its limits, and how much it is used.</summary>
public sealed class PolicyWatchTests
{
    private static readonly V1PolicyRule[] Wider = [A.Rule("*", "*", "*")];

    private static readonly PolicyFacts Usual =
        new() { Now = A.Start, Settings = new(), Seal = SealState.Valid, Policy = A.Policy(), Grants = [], Cluster = AView.Usual() };

    [Theory]
    [InlineData(SealState.Valid, true, "Accepted", "can be activated")]
    [InlineData(SealState.Missing, false, "PolicyNotSealed", "has no seal")]
    [InlineData(SealState.Broken, false, "PolicyNotSealed", "does not match it")]
    public void A_policy_that_nobody_vouches_for_is_not_ready(SealState seal, bool ready, string reason, string words)
    {
        var condition = Of(PolicyLifecycle.Decide(Usual with { Seal = seal }), "Ready");
        (condition.Status, condition.Reason).Should().Be((ready ? "True" : "False", reason));
        condition.Message.Should().Contain(words);
    }

    [Fact]
    public void Roles_are_pinned_as_they_are_when_the_policy_is_written()
    {
        var plan = PolicyLifecycle.Decide(Usual);
        plan.Status.PinnedGeneration.Should().Be(1);
        plan.Status.Roles.Should().OnlyContain(r => r.PinnedHash == r.Hash && r.Hash != null);
        PolicyLifecycle.Decide(Usual with { Seal = SealState.Missing }).Status
            .Should().Match<PolicyStatus>(s => s.PinnedGeneration == null && s.Roles[0].PinnedHash == null, "nobody vouches for it");
    }

    [Theory]
    [InlineData(RolePinning.Warn, "True", "Accepted")]
    [InlineData(RolePinning.Suspend, "False", "RoleChanged")]
    public void A_role_that_grows_turns_the_condition_until_an_author_writes_the_policy_again(RolePinning pinning, string ready, string reason)
    {
        var policy = A.Policy(s => s with { RolePinning = pinning });
        policy = policy with { Status = PolicyLifecycle.Decide(Usual with { Policy = policy }).Status };
        var grown = Usual with { Policy = policy, Cluster = AView.Of(A.Namespace("payments"), A.ClusterRole("edit", Wider)) };
        var plan = PolicyLifecycle.Decide(grown);
        plan.Events.Should().ContainSingle(n => n.Reason == "RoleChanged");
        Of(plan, "RolesResolved").Should().Match<Condition>(
            c => c.Status == "False" && c.Reason == "RoleChanged" && c.Message.Contains("role rules of payments")
                && c.Message.Contains("apply the policy again"));
        (Of(plan, "Ready").Status, Of(plan, "Ready").Reason).Should().Be((ready, reason));

        var again = PolicyLifecycle.Decide(grown with { Policy = policy with { Status = plan.Status } });
        again.Events.Should().BeEmpty("it is told once");
        Of(again, "RolesResolved").Reason.Should().Be("RoleChanged", "it stays so");

        var suspended = policy with { Status = plan.Status, Spec = policy.Spec with { Suspended = true }, Metadata = policy.Metadata with { Generation = 2 } };
        Of(PolicyLifecycle.Decide(grown with { Policy = suspended }), "RolesResolved").Reason
            .Should().Be("RoleChanged", "suspending needs no author's rights and takes no role as it is");

        var rewritten = policy with { Status = plan.Status, Metadata = policy.Metadata with { Generation = 3 } };
        var renewed = PolicyLifecycle.Decide(grown with { Policy = rewritten });
        (renewed.Status.PinnedGeneration, Of(renewed, "RolesResolved").Reason, Of(renewed, "Ready").Status).Should().Be((3, "RolesFound", "True"));
        Of(PolicyLifecycle.Decide(grown with { Policy = rewritten, Seal = SealState.Broken }), "RolesResolved").Reason
            .Should().Be("RoleChanged", "not by a change that nobody vouches for");
    }

    [Fact]
    public void A_role_that_goes_is_missing_and_one_that_comes_back_otherwise_has_changed()
    {
        var policy = A.Policy() with { Status = PolicyLifecycle.Decide(Usual).Status };
        var gone = PolicyLifecycle.Decide(Usual with { Policy = policy, Cluster = AView.Of(A.Namespace("payments")) });
        Of(gone, "RolesResolved").Reason.Should().Be("RoleNotFound");
        gone.Status.Roles[0].PinnedHash.Should().NotBeNull("what it was is remembered");
        var back = PolicyLifecycle.Decide(
            Usual with { Policy = policy with { Status = gone.Status }, Cluster = AView.Of(A.Namespace("payments"), A.ClusterRole("edit", Wider)) });
        Of(back, "RolesResolved").Reason.Should().Be("RoleChanged");
    }

    [Fact]
    public void An_aggregated_role_is_pinned_as_it_is_filled_and_grows_with_what_is_labelled_into_it()
    {
        PolicyStatus Decide(BreakGlassPolicy policy, params V1PolicyRule[] rules) => PolicyLifecycle.Decide(new()
        {
            Now = A.Start, Settings = A.Settings, Seal = SealState.Valid, Policy = policy, Grants = [],
            Cluster = AView.Of(A.Namespace("payments"), A.ClusterRole("edit", rules) with { AggregationRule = new() }),
        }).Status;

        var policy = A.Policy(s => s with { RolePinning = RolePinning.Suspend });
        var (get, list) = (A.Rule("", "pods", "get"), A.Rule("", "pods", "list"));
        var empty = Decide(policy);
        empty.Roles.Should().ContainSingle().Which.Should().Match<RoleSummary>(r => r.Hash == null && r.PinnedHash == null);
        var filled = Decide(policy with { Status = empty }, get);
        Conditions.IsTrue(filled.Conditions, "RolesResolved").Should().BeTrue("it did not grow, it was filled");
        Conditions.IsTrue(Decide(policy with { Status = filled }, get).Conditions, "Ready").Should().BeTrue();
        var grown = Decide(policy with { Status = filled }, get, list);
        Conditions.Find(grown.Conditions, "Ready").Should().Match<Condition>(c => c.Status == "False" && c.Reason == "RoleChanged");
    }

    [Fact]
    public void A_role_that_comes_after_its_policy_is_pinned_as_it_comes()
    {
        var early = A.Policy() with { Status = PolicyLifecycle.Decide(Usual with { Cluster = AView.Of(A.Namespace("payments")) }).Status };
        var plan = PolicyLifecycle.Decide(Usual with { Policy = early });
        (Of(plan, "RolesResolved").Status, plan.Status.Roles[0].PinnedHash).Should().Be(("True", plan.Status.Roles[0].Hash));
    }

    [Fact]
    public void Overuse_turns_the_condition_is_told_once_and_falls_with_time()
    {
        var policy = A.Policy(s => s with { Overuse = new() { Activations = 2, Window = "1h" } });
        var one = PolicyLifecycle.Decide(Usual with { Policy = policy, Grants = [GrantLimitTests.Live("a", "bob")] });
        Of(one, "Overused").Should().Match<Condition>(c => c.Status == "False" && c.Reason == "WithinBounds");

        var facts =
            Usual with { Policy = policy with { Status = one.Status }, Grants = [GrantLimitTests.Live("a", "bob"), GrantLimitTests.Over("b", "eve", 1)] };
        var two = PolicyLifecycle.Decide(facts);
        Of(two, "Overused").Should().Match<Condition>(c => c.Status == "True" && c.Message.Contains("2 activation(s) within 1h"));
        two.Events.Should().ContainSingle().Which.Should().Match<GrantEvent>(n => n.Warning && n.Reason == "PolicyOverused");
        PolicyLifecycle.Decide(facts with { Policy = policy with { Status = two.Status } }).Events.Should().BeEmpty();
        two.LookAgainAt.Should().Be(A.Start.AddMinutes(50).AddSeconds(1));
        Of(PolicyLifecycle.Decide(facts with { Policy = policy with { Status = two.Status }, Now = two.LookAgainAt!.Value }), "Overused").Status
            .Should().Be("False");
        Conditions.Find(PolicyLifecycle.Decide(facts with { Policy = A.Policy() with { Status = two.Status } }).Status.Conditions, "Overused")
            .Should().BeNull("it does not ask any more");
    }

    [Fact]
    public void A_place_is_kept_while_its_grant_lives_and_freed_when_it_is_over()
    {
        HolderRecord[] holders = [.. new[] { "live", "over", "waiting", "denied", "failed" }.Select(n => GrantLimitTests.Holder(n, "bob"))];
        var plan = Holding(new() { MaxActive = 9 }, holders, [GrantLimitTests.Live("live", "bob"), GrantLimitTests.Over("over", "bob", 1),
            GrantLimitTests.Waiting("waiting", "bob"), GrantLimitTests.Denied("denied", "bob"), GrantLimitTests.Failed("failed", "bob")]);
        plan.Status.Holders.Select(h => h.Grant).Should().Equal("live", "waiting");
        plan.LookFor.Should().BeEmpty();
    }

    [Fact]
    public void For_the_cooldown_the_end_is_kept_until_it_is_over()
    {
        HolderRecord[] holders = [.. new[] { "over", "failed" }.Select(n => GrantLimitTests.Holder(n, "bob"))];
        var plan = Holding(new() { Cooldown = "10m" }, holders, [GrantLimitTests.Over("over", "bob", 1), GrantLimitTests.Failed("failed", "bob")]);
        plan.Status.Holders.Should().Equal(holders[0] with { EndedAt = A.Start.AddMinutes(-1) });
        plan.LookAgainAt.Should().Be(A.Start.AddMinutes(9));
        var later = PolicyLifecycle.Decide(
            Usual with { Policy = GrantLimitTests.Limited(new() { Cooldown = "10m" }, [.. plan.Status.Holders]), Now = A.Start.AddMinutes(9) });
        later.Status.Holders.Should().BeEmpty();
    }

    [Fact]
    public void A_place_whose_grant_no_cache_shows_is_freed_only_when_the_server_itself_says_that_it_is_gone()
    {
        HolderRecord[] holders = [.. new[] { "ghost" }.Select(n => GrantLimitTests.Holder(n, "bob"))];
        var plan = Holding(new() { Cooldown = "10m", MaxActive = 1 }, holders, []);
        plan.Status.Holders.Should().Equal(holders);
        plan.LookFor.Should().Equal(holders);

        var policy = GrantLimitTests.Limited(new() { Cooldown = "10m", MaxActive = 1 }, holders);
        var sure = PolicyLifecycle.Decide(Usual with { Policy = policy, Absent = ["uid-ghost"] });
        sure.Status.Holders.Should().Equal(holders[0] with { EndedAt = A.Start });
        sure.LookFor.Should().BeEmpty();
        PolicyLifecycle.Decide(Usual with { Policy = GrantLimitTests.Limited(new() { MaxActive = 1 }, holders), Absent = ["uid-ghost"] }).Status.Holders
            .Should().BeEmpty();
    }

    [Theory]
    [InlineData("False", true)]
    [InlineData("True", false)]
    public void One_that_used_the_bypass_stays_until_it_is_reviewed(string reviewed, bool stays)
    {
        var over = GrantLimitTests.Over("over", "bob", 5);
        over = over with { Status = over.Status with { Conditions = [new() { Type = "Reviewed", Status = reviewed, Reason = "x" }] } };
        var plan = Holding(new(), [GrantLimitTests.Holder("over", "bob") with { Bypass = true }], [over]);
        plan.Status.Holders.Count.Should().Be(stays ? 1 : 0);
        plan.LookAgainAt.Should().Be(A.Start.AddMinutes(-10).AddHours(168).AddSeconds(1), "only the window of activations wakes it");
    }

    private static PolicyPlan Holding(Limits limits, HolderRecord[] holders, BreakGlassGrant[] grants) =>
        PolicyLifecycle.Decide(Usual with { Policy = GrantLimitTests.Limited(limits, holders), Grants = grants });

    private static Condition Of(PolicyPlan plan, string type) => Conditions.Find(plan.Status.Conditions, type)!;
}
