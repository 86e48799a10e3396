using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>The kill switch: what it ends, what it keeps shut, and what its own status says.</summary>
public sealed class LockdownTests
{
    [Fact]
    public void An_active_grant_is_cut_at_once_without_asking_anybody()
    {
        var world = new ModelWorld().Run();
        world.Lock();
        var facts = world.Gather(new ModelRun());
        var plan = GrantLifecycle.Decide(facts);
        plan.Cuts.Should().BeTrue();
        plan.Steps.Should().OnlyContain(s => s is PlanStep.Remove);
    }

    [Fact]
    public void A_grant_without_its_policy_is_cut_by_any_lockdown()
    {
        var world = new ModelWorld().Run();
        world.Lock(A.Selector(("team", "another")));
        world.DeletePolicy();
        world.RunFor(TimeSpan.FromSeconds(15)).Status.EndReason.Should().Be(EndReason.Lockdown);
    }

    [Fact]
    public void What_it_does_not_cover_goes_on()
    {
        var world = new ModelWorld().Run();
        world.Lock(A.Selector(("team", "another")));
        world.RunFor(TimeSpan.FromMinutes(1)).Status.Phase.Should().Be(GrantPhase.Active);
    }

    [Fact]
    public void At_any_step_of_opening_it_closes_and_stays_shut()
    {
        foreach (var step in Enumerable.Range(1, 6))
        {
            var world = new ModelWorld();
            var done = 0;
            world.Done = (_, _) =>
            {
                if (++done == step) world.Lock();
            };
            world.RunFor(TimeSpan.FromSeconds(15));
            world.Status.EndReason.Should().Be(EndReason.Lockdown, $"it was locked after step {step}");
            world.Cluster.Objects.Should().BeEmpty();
            world.Unlock();
            world.RunFor(TimeSpan.FromMinutes(1)).Cluster.Objects.Should().BeEmpty("what it ended stays ended");
        }
    }

    [Fact]
    public void While_it_is_there_nothing_opens_and_the_denial_says_whom_to_ask()
    {
        var world = new ModelWorld();
        world.Lock();
        world.Run();
        (world.Status.Phase, world.Status.EndReason).Should().Be((GrantPhase.Denied, EndReason.Lockdown));
        world.Status.Transitions[^1].Should().Match<TransitionRecord>(t => t.Actor == "sue" && t.Reason == "Lockdown");
        Conditions.Find(world.Status.Conditions, "Authorized")!.Message.Should().Contain("token leaked").And.Contain("ask sue").And.Contain("kubectl get bgl");
    }

    [Fact]
    public void Its_status_counts_what_was_cut_and_what_is_proven()
    {
        var live = GrantLimitTests.Live("a", "bob");
        var cut = Cut("b", proven: false);
        var earlier = Cut("c", proven: true) with { Status = Cut("c", proven: true).Status with { EndedAt = A.Start.AddMinutes(-5) } };
        BreakGlassGrant[] grants = [live, cut, Cut("d", proven: true), earlier, GrantLimitTests.Over("e", "eve", 1),
            GrantLimitTests.Denied("f", "eve"), A.Grant()];

        var plan = Decide(A.Lockdown(), grants);
        plan.Status.Should().Match<LockdownStatus>(s => s.Revoked == 2 && s.CompletedAt == null && s.ObservedGeneration == 1);
        Of(plan, "Engaged").Status.Should().Be("True");
        Of(plan, "Complete")
            .Should().Match<Condition>(c => c.Status == "False" && c.Message.Contains("1 grant(s) still have access, 1 revocation(s) are not proven yet"));
        plan.Events.Should().ContainSingle().Which
            .Should().Match<GrantEvent>(n => n.Warning && n.Reason == "LockdownEngaged" && n.Text.Contains("sue locked down everything: token leaked"));
        plan.LookAgainAt.Should().NotBeNull();

        var locked = A.Lockdown() with { Status = plan.Status };
        var done = Decide(locked, [Cut("a", proven: true), Cut("b", proven: true), Cut("d", proven: true)], A.Start.AddSeconds(9));
        done.Status.Should().Match<LockdownStatus>(s => s.Revoked == 3 && s.CompletedAt == A.Start.AddSeconds(9));
        Of(done, "Complete").Should().Match<Condition>(c => c.Status == "True" && c.Reason == "AllProven");
        (done.Events.Count, done.LookAgainAt).Should().Be((0, null));

        var later = Decide(locked with { Status = done.Status }, [], A.Start.AddDays(100));
        later.Status.Should().BeEquivalentTo(done.Status, "the records are deleted, and what was counted stays counted");
    }

    [Fact]
    public void Its_scope_is_its_own()
    {
        var other = A.Policy(name: "other");
        var mine = A.Policy() with { Metadata = A.Policy().Metadata with { Labels = A.Labels(("team", "payments")) } };
        var elsewhere = GrantLimitTests.Live("a", "bob");
        elsewhere = elsewhere with { Spec = elsewhere.Spec with { Policy = "other" } };
        var plan = LockdownLifecycle.Decide(new()
        {
            Now = A.Start, Lockdown = A.Lockdown(A.Selector(("team", "payments"))), Grants = [elsewhere, Cut("b", proven: true)],
            Policy = name => name == "other" ? other : name == mine.Metadata.Name ? mine : null,
        });
        (plan.Status.Revoked, Of(plan, "Complete").Status).Should().Be((1, "True"));
        plan.Events[0].Text.Should().Contain("the policies that its selector matches");
    }

    private static LockdownPlan Decide(BreakGlassLockdown lockdown, BreakGlassGrant[] grants, DateTimeOffset? now = null) =>
        LockdownLifecycle.Decide(new() { Now = now ?? A.Start.AddSeconds(2), Lockdown = lockdown, Grants = grants, Policy = _ => A.Policy() });

    private static BreakGlassGrant Cut(string name, bool proven)
    {
        var over = GrantLimitTests.Over(name, "bob", 0);
        return over with { Status = over.Status with { EndReason = EndReason.Lockdown, EndedAt = A.Start.AddSeconds(
            1), Conditions = [new() { Type = "Revoked", Status = proven ? "True" : "False" }] } };
    }

    private static Condition Of(LockdownPlan plan, string type) => Conditions.Find(plan.Status.Conditions, type)!;
}
