using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>
/// Somebody who can write breakglassgrants/status writes what they like. It can end access, never open or stretch it past what a policy gives.
/// </summary>
public sealed class GrantForgeryTests
{
    [Fact]
    public void A_phase_set_to_Active_by_hand_opens_nothing_that_the_policy_does_not()
    {
        var world = new ModelWorld(grant: A.Grant(s => s with { Duration = "11h" }));
        world.ForgeStatus(s => s with { Phase = GrantPhase.Active });
        world.RunFor(TimeSpan.FromMinutes(1)).Status.Phase.Should().Be(GrantPhase.Denied);
        world.Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void A_phase_set_to_Active_by_hand_while_access_is_made_is_made_true()
    {
        var world = new ModelWorld();
        world.Faults = step => step is PlanStep.AddFinalizer ? StepFault.DiesBefore : StepFault.None;
        world.Reconcile();
        world.Faults = _ => StepFault.None;
        world.ForgeStatus(s => s with { Phase = GrantPhase.Active });
        world.RunFor(TimeSpan.FromMinutes(1));
        world.HasAccess().Should().BeTrue();
        Conditions.IsTrue(world.Status.Conditions, "Active").Should().BeTrue("access works, and people wait for this condition");
        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Should().BeEmpty();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("2099-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59Z")]
    public void An_end_pushed_out_gives_no_more_than_the_policy_could(string? activatedAt)
    {
        var world = new ModelWorld().Run();
        world.ForgeStatus(s => s with { ExpiresAt = DateTimeOffset.MaxValue, ActivatedAt = activatedAt is null ? s.ActivatedAt : Time(activatedAt) });
        world.RunFor(TimeSpan.FromMinutes(1));
        foreach (var o in world.Cluster.Objects.Values)
        {
            Time(o.AnnotationsOrEmpty[BreakGlassApi.ExpiresAtAnnotation]).Should().BeBefore(A.Start.AddHours(13).AddSeconds(1), "the reaper goes by it");
        }

        world.RunUntil(activatedAt is null ? A.Start.AddHours(1) : A.Start.AddHours(13));
        world.Cluster.Objects.Should().BeEmpty("13h after its creation nothing can be left of any grant");
        world.Status.IsTerminal.Should().BeTrue();
    }

    [Fact]
    public void A_token_made_after_the_end_was_pushed_out_does_not_live_on()
    {
        var world = new ModelWorld().Run();
        world.ForgeStatus(s => s with { ExpiresAt = A.Start.AddYears(10) });
        world.Delete(world.CredentialSecret);
        world.Run();
        world.Cluster.Tokens[^1].ExpiresAt.Should().BeOnOrBefore(A.Start.AddHours(12));
    }

    [Fact]
    public void A_status_that_was_wiped_while_access_exists_ends_it()
    {
        var world = new ModelWorld().Run();
        world.ForgeStatus(_ => new());
        world.RunFor(TimeSpan.FromSeconds(30));
        world.Cluster.Objects.Should().BeEmpty();
        world.Status.Phase.Should().Be(GrantPhase.Failed);
        Conditions.Find(world.Status.Conditions, "Active")
            .Should().Match<Condition>(c => c.Status == "False" && c.Reason == "RecordLost" && c.Message.Contains("who can write breakglassgrants/status"));
        world.Grant.FinalizersOrEmpty.Should().BeEmpty();
        world.Events.Should().ContainSingle(n => n.Reason == "GrantFailed");
    }

    [Fact]
    public void A_status_that_was_wiped_while_the_grant_is_deleted_ends_it_too()
    {
        var world = new ModelWorld().Run();
        world.DeleteGrant();
        world.ForgeStatus(_ => new());
        world.RunFor(TimeSpan.FromSeconds(30));
        world.Cluster.Grant.Should().BeNull();
        world.Cluster.Objects.Should().BeEmpty();
    }

    [Theory]
    [InlineData(GrantPhase.Expired)]
    [InlineData(GrantPhase.Revoked)]
    [InlineData(GrantPhase.Denied)]
    [InlineData(GrantPhase.Failed)]
    public void A_terminal_phase_set_by_hand_ends_access_for_good(GrantPhase phase)
    {
        var world = new ModelWorld().Run();
        world.ForgeStatus(s => s with { Phase = phase });
        world.RunFor(TimeSpan.FromSeconds(30));
        world.Cluster.Objects.Should().BeEmpty();
        world.Status.Phase.Should().Be(phase);
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue();
        Conditions.IsTrue(world.Status.Conditions, "Active").Should().BeFalse("nothing is left of it");
        world.Grant.FinalizersOrEmpty.Should().BeEmpty();
        world.Review("carol");
        world.RunFor(TimeSpan.FromDays(91)).Cluster.Grant.Should().BeNull("its record does not stay for ever");
    }

    [Fact]
    public void Bindings_wiped_from_the_record_are_written_down_again()
    {
        var world = new ModelWorld().Run();
        var before = world.Status.Bindings;
        world.ForgeStatus(s => s with { Bindings = [] });
        world.Run().Status.Bindings.Should().Equal(before);
    }

    [Theory]
    [InlineData("access")]
    [InlineData("policy")]
    [InlineData("credential")]
    public void What_the_decision_rested_on_wiped_from_the_record_ends_access(string what)
    {
        var world = new ModelWorld().Run();
        world.ForgeStatus(s => what switch { "access" => s with { Access = [] }, "policy" => s with { PolicyUid = null }, _ => s with { Credential = null } });
        world.RunFor(TimeSpan.FromSeconds(30));
        world.Cluster.Objects.Should().BeEmpty();
        world.Status.Phase.Should().Be(GrantPhase.Revoked);
    }

    [Fact]
    public void Entries_written_into_the_record_give_nothing_that_the_policy_does_not()
    {
        var world = new ModelWorld().Run();
        world.ForgeStatus(s => s with { Access = [.. s.Access, A.ClusterWideEntry("all", "edit"), A.Entry("more", "edit", "shop")] });
        world.RunFor(TimeSpan.FromMinutes(1));
        world.Binding.Metadata.NamespaceProperty.Should().Be("payments");
    }

    [Fact]
    public void A_grant_restored_with_its_finalizer_and_without_its_status_opens_nothing()
    {
        var restored = A.Grant();
        var world = new ModelWorld(grant: restored with { Metadata = restored.Metadata with { Finalizers = [BreakGlassApi.RevokeFinalizer] } });
        world.RunFor(TimeSpan.FromSeconds(30));
        world.Status.Phase.Should().Be(GrantPhase.Failed);
        world.Cluster.Objects.Should().BeEmpty();
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
