using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>Somebody changes an object of ours as often as it is put right: the writes stay bounded, what is safe goes on, what is not ends.</summary>
public sealed class FightTests
{
    private static IKubernetesObject<V1ObjectMeta> Labelled(IKubernetesObject<V1ObjectMeta> o, string value) =>
        ModelCluster.With(o, m => m with { Labels = new Dictionary<string, string>(m.Labels) { [BreakGlassApi.GrantLabel] = value } });

    private static IKubernetesObject<V1ObjectMeta> Unlabelled(IKubernetesObject<V1ObjectMeta> o) => ModelCluster.With(o, m => m with { Labels = A.Labels() });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_webhook_that_overwrites_or_strips_our_label_is_told_of_and_access_opens_and_ends(bool strips)
    {
        var world = new ModelWorld { Webhook = o => o is V1RoleBinding { RoleRef.Kind: "ClusterRole" }
            ? (strips ? Unlabelled(o) : Labelled(o, "theirs")) : o };
        world.RunFor(TimeSpan.FromMinutes(1));
        world.Status.Phase.Should().Be(GrantPhase.Active);
        world.HasAccess().Should().BeTrue();
        Conditions.Find(world.Status.Conditions, "Active")
            .Should().Match<Condition>(c => c.Status == "True" && c.Reason == "Contested" && c.Message.Contains("mutating admission webhook"));
        world.Events.Should().ContainSingle(n => n.Reason == "RepairContested" || n.Reason == "GrantActivated");
        Bounded(world);
        world.RunUntil(A.Start.AddMinutes(29));
        Bounded(world);
        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Should().BeEmpty();
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue();
    }

    [Fact]
    public void A_label_that_is_overwritten_every_second_gets_five_repairs_and_then_a_truce()
    {
        var world = new ModelWorld().Run();
        world.Written.Clear();
        for (var second = 0; second < 120; second++)
        {
            world.Tamper(world.Binding, o => Labelled(o, $"theirs-{second}"));
            world.RunFor(TimeSpan.FromSeconds(1));
        }

        world.Written.Should().HaveCount(PlaceHistory.MostRepairs);
        world.HasAccess().Should().BeTrue("what was decided still stands");
        Conditions.Find(world.Status.Conditions, "Active")!.Reason.Should().Be("Contested");
        world.Events.Should().ContainSingle(n => n.Warning && n.Reason == "RepairContested");
        world.RunFor(TimeSpan.FromMinutes(6));
        Conditions.Find(world.Status.Conditions, "Active")!.Reason.Should().Be("AccessGiven", "whoever it was has stopped");
        world.Binding.LabelsOrEmpty[BreakGlassApi.GrantLabel].Should().Be(ModelWorld.GrantName);
        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Should().BeEmpty();
    }

    [Theory]
    [InlineData("subjects")]
    [InlineData("role")]
    [InlineData("reader")]
    public void Access_ends_where_it_is_fought_over_who_has_it_or_what_it_gives(string what)
    {
        var world = new ModelWorld().Run();
        for (var second = 0; second < 30 && world.Status.Phase is GrantPhase.Active; second++)
        {
            if (what == "subjects") world.AddSubject(world.Binding, Bound.User("mallory"));
            else if (what == "role") world.Replace(world.Binding, b => ModelWorld.WithRole(b, "view"));
            else world.Tamper(world.Cluster.Objects.Values.OfType<V1Role>().Single(), r => (V1Role)r with { Rules = [A.Rule("", "secrets", "get", "list")] });
            world.RunFor(TimeSpan.FromSeconds(1));
        }

        world.Status.Phase.Should().Be(GrantPhase.Failed);
        Conditions.Find(world.Status.Conditions, "Active")
            .Should().Match<Condition>(c => c.Reason == "Contested" && c.Message.Contains("gave something else than was decided"));
        world.RunFor(TimeSpan.FromMinutes(1)).Cluster.Objects.Should().BeEmpty();
        Bounded(world);
    }

    [Fact]
    public void A_repair_of_who_has_access_that_is_refused_for_good_ends_it()
    {
        var world = new ModelWorld().Run();
        world.AnswersRepair = _ => new() { Code = 418, Message = "admission webhook \"check.example.com\" denied the request: hands off" };
        world.AddSubject(world.Binding, Bound.User("mallory"));
        world.RunFor(TimeSpan.FromSeconds(10));
        world.Cluster.AccessBindings.Should().BeEmpty();
        Conditions.Find(world.Status.Conditions, "Active")!.Message.Should().Contain("check.example.com");
    }

    [Fact]
    public void Somebody_who_wrote_themselves_into_a_binding_does_not_keep_its_access_for_as_long_as_a_webhook_is_down()
    {
        var world = new ModelWorld().Run();
        world.AnswersRepair = _ => new() { Code = 500, Reason = "InternalError", Message = "Internal error occurred: "
            + "failed calling webhook \"check.example.com\": connection refused" };
        world.AddSubject(world.Binding, Bound.User("mallory"));
        world.RunFor(TimeSpan.FromSeconds(5)).Status.Phase.Should().Be(GrantPhase.Active, "it may pass");
        world.RunFor(TimeSpan.FromSeconds(20)).Cluster.AccessBindings.Should().BeEmpty();
        world.Status.Phase.Should().Be(GrantPhase.Failed);
        Conditions.Find(world.Status.Conditions, "Active")!.Message.Should().Contain("gave something else than was decided").And.Contain("check.example.com");
    }

    [Fact]
    public void A_binding_that_somebody_emptied_ends_nothing_and_is_not_called_access_while_it_cannot_be_put_right()
    {
        var world = new ModelWorld { AnswersRepair = _ => new() { Code = 500, Reason = "InternalError", Message = "Internal error occurred: "
            + "failed calling webhook \"check.example.com\": connection refused" } }.Run();
        world.Tamper(world.Binding, b => ModelWorld.WithSubjects(b));
        world.RunFor(TimeSpan.FromMinutes(1)).HasAccess().Should().BeFalse();
        world.Status.Phase.Should().Be(GrantPhase.Active);
        Conditions.Find(world.Status.Conditions, "Active")
            .Should().Match<Condition>(c => c.Status == "False" && c.Reason == "Interrupted" && c.Message.Contains("check.example.com"));

        world.AnswersRepair = _ => null;
        world.RunFor(TimeSpan.FromMinutes(2)).HasAccess().Should().BeTrue();
        Conditions.Find(world.Status.Conditions, "Active").Should().Match<Condition>(c => c.Status == "True" && c.Reason == "AccessGiven");
    }

    [Fact]
    public void A_binding_that_is_emptied_again_and_again_ends_nothing_and_is_not_called_access()
    {
        var world = new ModelWorld().Run();
        for (var second = 0; second < 30; second++)
        {
            world.Tamper(world.Cluster.Bindings.Single(b => b.Metadata.NamespaceProperty == "payments"), b => ModelWorld.WithSubjects(b));
            world.RunFor(TimeSpan.FromSeconds(1));
        }

        world.Status.Phase.Should().Be(GrantPhase.Active);
        Conditions.Find(world.Status.Conditions, "Active")
            .Should().Match<Condition>(c => c.Status == "False" && c.Reason == "Interrupted" && c.Message.Contains("again and again"));
        Bounded(world);
        world.RunFor(TimeSpan.FromMinutes(6)).HasAccess().Should().BeTrue();
    }

    [Fact]
    public void A_binding_that_is_deleted_again_and_again_is_not_called_access()
    {
        var world = new ModelWorld(A.Policy(s => s with { Access = [A.Entry("two", "edit", "payments", "shop")] })).Run();
        for (var second = 0; second < 60; second++)
        {
            if (world.Cluster.AccessBindings.FirstOrDefault(b => b.Metadata.NamespaceProperty == "shop") is { } binding) world.Delete(binding);
            world.RunFor(TimeSpan.FromSeconds(1));
        }

        Conditions.Find(world.Status.Conditions, "Active")
            .Should().Match<Condition>(c => c.Reason == "Partial" && c.Message.Contains("in 1 of 2 places") && c.Message.Contains("again and again"));
        Bounded(world);
        world.RunFor(TimeSpan.FromMinutes(6)).HasAccess("shop").Should().BeTrue();
    }

    private static void Bounded(ModelWorld world)
    {
        foreach (var writes in world.Written.GroupBy(w => w.Place))
        {
            foreach (var from in writes) writes.Count(w => w.At >= from.At && w.At < from.At + PlaceHistory.RepairWindow)
                .Should().BeLessThanOrEqualTo(PlaceHistory.MostRepairs + 1, "{0}", writes.Key);
        }
    }
}
