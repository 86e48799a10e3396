using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>A run gives way to those of other grants once access is cut, and anything may happen before it goes on.</summary>
public sealed class PausedRunTests
{
    [Fact]
    public void Access_is_cut_before_a_run_gives_way_and_its_end_is_recorded_when_it_goes_on()
    {
        var world = Cut();
        world.HasAccess().Should().BeFalse();
        world.Status.Phase.Should().Be(GrantPhase.Active);
        world.Reconcile();
        world.Status.Phase.Should().Be(GrantPhase.Revoked);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_run_that_goes_on_knows_what_it_removed_and_one_after_a_crash_looks_for_it(bool dies)
    {
        var world = Cut();
        if (dies) world.Crash();
        world.Reconcile();
        world.Plans.SelectMany(p => p.Steps).OfType<PlanStep.Find>().Any().Should().Be(dies);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_binding_that_somebody_makes_again_before_the_end_is_recorded_is_cut_too(bool dies)
    {
        var world = new ModelWorld().Run();
        var binding = world.Binding;
        world.Revoke();
        world.Reconcile();
        world.Put(binding);
        if (dies) world.Crash();
        world.Reconcile();
        world.Cluster.AccessBindings.Should().BeEmpty();
        world.Run().Status.Phase.Should().Be(GrantPhase.Revoked);
        world.Overtaken.Should().Be(dies ? 0 : 1);
    }

    [Fact]
    public void Access_that_was_cut_ends_though_its_policy_vanishes_before_the_end_is_recorded()
    {
        var world = Cut();
        world.DeletePolicy();
        world.RunFor(TimeSpan.FromSeconds(20));
        world.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Revoked && s.EndReason == EndReason.RevokedByUser);
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue();
        world.Cluster.Objects.Should().BeEmpty();
    }

    [Theory]
    [InlineData("lockdown", EndReason.Lockdown)]
    [InlineData("suspension", EndReason.PolicySuspended)]
    [InlineData("narrower policy", EndReason.PolicyNarrowed)]
    public void Access_that_was_cut_is_not_given_again_though_the_cause_of_its_end_is_gone_before_the_end_is_recorded(string cause, EndReason reason)
    {
        var world = new ModelWorld().Run();
        var policy = world.Cluster.Policy!.Spec;
        if (cause == "lockdown") world.Lock();
        else world.EditPolicy(s => cause == "suspension" ? s with { Suspended = true } : s with { Requesters = [A.Group("others")] });
        world.Reconcile()!.LookAgainAt.Should().Be(world.Now, "the run gives way");
        world.HasAccess().Should().BeFalse();
        world.Unlock();
        world.EditPolicy(_ => policy);

        // The first try to record the end meets somebody else's write, and breaks the run off.
        world.Meanwhile = () => world.Write(g => g);
        world.RunFor(TimeSpan.FromSeconds(20)).Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Revoked && s.EndReason == reason);
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue();
        world.Cluster.Objects.Should().BeEmpty();
        world.Events.Should().NotContain(n => n.Reason == "DriftRepaired", "nobody is accused of what the operator did");
    }

    [Fact]
    public void A_grant_whose_record_is_wiped_after_the_cut_is_over_and_is_not_opened_again()
    {
        var world = new ModelWorld().Run();
        world.Lock();
        world.Reconcile();
        foreach (var o in world.Cluster.Objects.Values.ToList()) world.Delete(o);
        world.Write(g => g with { Metadata = g.Metadata with { Finalizers = [] }, Status = new() });
        world.Unlock();
        world.Run().Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Failed && s.ExpiresAt == null);
        world.Cluster.Objects.Should().BeEmpty();
    }

    /// <summary>A grant that takes the name of one whose run gave way is opened and ended like any other.</summary>
    [Fact]
    public void A_namesake_does_not_go_on_with_the_run_of_the_grant_before_it()
    {
        var world = Cut();
        world.Cluster.Grant = null;
        foreach (var o in world.Cluster.Objects.Values.ToList()) world.Delete(o);
        world.Cluster.Grant = A.Grant(uid: "grant-2");
        world.Run().Status.Phase.Should().Be(GrantPhase.Active);
        world.RunUntil(A.Start.AddMinutes(31)).Status.Phase.Should().Be(GrantPhase.Expired);
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue();
        world.Cluster.Objects.Should().BeEmpty();
    }

    private static ModelWorld Cut()
    {
        var world = new ModelWorld().Run();
        world.Revoke();
        world.Reconcile()!.LookAgainAt.Should().Be(world.Now, "the run gives way");
        return world;
    }
}
