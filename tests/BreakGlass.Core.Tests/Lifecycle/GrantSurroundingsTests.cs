using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>Namespaces and roles come, go and change while a grant is active; servers refuse and fail.</summary>
public sealed class GrantSurroundingsTests
{
    private static BreakGlassPolicy Selecting =>
        A.Policy(s => s with { Access = [A.SelectorEntry("team", "edit", A.Selector("team", "In", "payments", "billing"))] });

    [Fact]
    public void A_namespace_that_comes_to_match_is_written_down_and_then_bound()
    {
        var world = new ModelWorld(Selecting).Run();
        world.SetNamespace(A.Namespace("billing", ("team", "billing")));
        world.Done = (_, step) =>
        {
            if (step is PlanStep.Create { Object: V1RoleBinding b }) world.Status.Bindings.Should().Contain(r => r.Namespace == b.Metadata.NamespaceProperty);
        };
        world.Run();
        world.HasAccess("billing").Should().BeTrue();
        world.Status.Bindings.Select(b => b.Namespace).Should().Equal("billing", "payments");
        world.Status.Bindings.Should().OnlyContain(b => b.Uid != null);
        world.Events.Should().NotContain(n => n.Reason == "DriftRepaired", "nobody tampered with anything");
        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void A_namespace_that_comes_to_match_while_access_is_made_is_written_down_before_it_is_bound()
    {
        var world = new ModelWorld(Selecting);
        world.Done = (_, step) =>
        {
            if (step is PlanStep.AddFinalizer) world.SetNamespace(A.Namespace("billing", ("team", "billing")));
            if (step is PlanStep.Create { Object: V1RoleBinding { RoleRef.Kind: "ClusterRole" } b })
                world.Status.Bindings.Should().Contain(r => r.Namespace == b.Metadata.NamespaceProperty);
        };
        world.Run();
        world.HasAccess("billing").Should().BeTrue();
        world.Status.Bindings.Should().HaveCount(2);
    }

    [Fact]
    public void A_namespace_that_stops_to_match_loses_its_binding()
    {
        var world = new ModelWorld(Selecting).Run();
        world.SetNamespace(A.Namespace("payments", ("team", "other")));
        world.Run();
        world.HasAccess().Should().BeFalse();
        world.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Active && s.Bindings.Count == 0, "the policy still gives it, wherever it matches");
        world.SetNamespace(A.Namespace("payments", ("team", "payments")));
        world.Run().HasAccess().Should().BeTrue("it matches again");
    }

    [Fact]
    public void A_namespace_that_stops_to_match_while_access_is_made_has_no_binding_when_it_is_active()
    {
        var world = new ModelWorld(A.Policy(s => s with { Access = [A.SelectorEntry("team", "edit", A.Selector("team", "Exists"))] }));
        world.Done = (_, step) =>
        {
            if (step is PlanStep.Deliver) world.SetNamespace(A.Namespace("shop"));
            if (step is PlanStep.WriteStatus { Status.Phase: GrantPhase.Active }) world.HasAccess("shop").Should().BeFalse();
        };
        world.Run();
        world.Status.Bindings.Should().ContainSingle().Which.Namespace.Should().Be("payments");
        world.Cluster.AccessBindings.Should().ContainSingle();
    }

    [Fact]
    public void A_namespace_about_to_go_is_left_to_go()
    {
        var world = new ModelWorld(A.Policy(s => s with { Access = [A.Entry("two", "edit", "payments", "shop")] })).Run();
        world.TerminateNamespace("shop");
        world.Run().Cluster.AccessBindings.Should().ContainSingle();
        world.RemoveNamespace("shop");
        world.Run().Status.Phase.Should().Be(GrantPhase.Active);
        world.Status.Bindings.Should().HaveCount(2).And.ContainSingle(b => b.Namespace == "shop" && b.Problem!.Contains("does not exist any more"));
        world.HasAccess().Should().BeTrue();
    }

    /// <summary>Whoever may create namespaces could otherwise take over the name of one that a grant reaches.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_namespace_that_was_deleted_and_created_again_is_followed_by_a_selector_only(bool named)
    {
        var policy = named ? A.Policy(s => s with { Access = [A.Entry("two", "edit", "payments", "shop")] })
            : A.Policy(s => s with { Access = [A.SelectorEntry("team", "edit", A.Selector("team", "Exists"))] });
        var world = new ModelWorld(policy);
        world.SetNamespace(WithUid("shop", "ns-1"));
        world.Run().HasAccess("shop").Should().BeTrue();
        world.Status.Bindings.Single(b => b.Namespace == "shop").NamespaceUid.Should().Be("ns-1");

        world.RemoveNamespace("shop");
        world.Run();
        world.SetNamespace(WithUid("shop", "ns-2"));
        world.RunFor(TimeSpan.FromMinutes(2)).HasAccess("shop").Should().Be(!named);

        var active = Conditions.Find(world.Status.Conditions, "Active")!;
        if (named)
        {
            (active.Status, active.Reason).Should().Be(("True", "Partial"));
            active.Message.Should().Contain("Namespace 'shop' was deleted and created again").And.Contain("in 1 of 2 places");
            world.Status.Bindings.Single(b => b.Namespace == "shop").Should().Match<BindingRecord>(b => b.Uid == null && b.Problem != null);
            world.Put(new V1RoleBinding
            {
                Metadata = GrantNames.Meta(world.Grant, "shop", GrantNames.Binding(world.Grant, "two"),
                    A.Start), RoleRef = new() { Kind = "ClusterRole", Name = "edit" }, Subjects = ((V1RoleBinding)world.Binding).Subjects,
            });
            world.Run().HasAccess("shop").Should().BeFalse("not by a backup that is restored into it either");
        }
        else
        {
            world.Status.Bindings.Single(b => b.Namespace == "shop").NamespaceUid.Should().Be("ns-2");
            active.Reason.Should().Be("AccessGiven");
        }

        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void A_namespace_without_a_record_that_is_younger_than_the_decision_is_not_reached_by_its_name()
    {
        var world = new ModelWorld(A.Policy(s => s with { Access = [A.Entry("two", "edit", "payments", "later")] })).Run();
        world.SetNamespace(A.Namespace("later") is var ns ? ns with { Metadata = ns.Metadata with { Uid = "ns-3", CreatedAt = A.Start.AddMinutes(1) } } : ns);
        world.RunFor(TimeSpan.FromMinutes(2)).HasAccess("later").Should().BeFalse();
        world.HasAccess().Should().BeTrue();
    }

    private static V1Namespace WithUid(string name, string uid) =>
        A.Namespace(name, ("team", "x")) is var ns ? ns with { Metadata = ns.Metadata with { Uid = uid } } : ns;

    [Fact]
    public void A_namespace_that_goes_unseen_does_not_keep_the_others_waiting()
    {
        var world = new ModelWorld(A.Policy(s => s with { Access = [A.Entry("two", "edit", "payments", "shop")] })) { CachesLag = true };
        world.TerminateNamespace("shop");
        world.Run();
        world.Status.Phase.Should().Be(GrantPhase.Active);
        world.HasAccess().Should().BeTrue();
        world.Status.Bindings.Should().HaveCount(2).And.ContainSingle(b => b.Problem != null && b.Namespace == "shop");
        Conditions.Find(world.Status.Conditions, "Active")
            .Should().Match<Condition>(c => c.Status == "True" && c.Reason == "Partial" && c.Message.Contains("in 1 of 2 places"));
    }

    [Fact]
    public void A_role_whose_rules_change_or_that_goes_does_not_end_a_grant()
    {
        var world = new ModelWorld().Run();
        world.SetClusterRole("edit", A.Rule("", "pods", "get"));
        world.Run().HasAccess(group: "", resource: "pods", verb: "get").Should().BeTrue();
        world.RemoveClusterRole("edit");
        world.Run().Status.Phase.Should().Be(GrantPhase.Active, "the binding gives what the role gives, be it nothing");
        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Should().BeEmpty();
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue();
    }

    [Theory]
    [InlineData(403, "Forbidden")]
    [InlineData(422, "Invalid")]
    public void What_the_server_refuses_for_good_fails_the_grant_and_leaves_nothing(int status, string reason)
    {
        var world = new ModelWorld { RefusesCreate = o => o is V1RoleBinding { RoleRef.Kind: "ClusterRole" } ? status : null };
        world.RunFor(TimeSpan.FromSeconds(30));
        world.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Failed && s.EndReason == EndReason.Failed);
        Conditions.Find(world.Status.Conditions, "Active").Should().Match<Condition>(c => c.Reason == reason && c.Message.Contains("nothing is left of it"));
        world.Cluster.Objects.Should().BeEmpty();
        world.Events.Should().ContainSingle(n => n.Warning && n.Reason == "GrantFailed");
    }

    [Fact]
    public void Without_the_grants_namespace_nothing_is_made()
    {
        var world = new ModelWorld();
        world.RemoveNamespace("breakglass-grants");
        world.RunFor(TimeSpan.FromSeconds(30)).Status.Phase.Should().Be(GrantPhase.Failed);
        Conditions.Find(world.Status.Conditions, "Active")!.Reason.Should().Be("NamespaceMissing");
        world.Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void An_active_grant_outlives_a_refusal()
    {
        var world = new ModelWorld().Run();
        world.RefusesCreate = o => o is V1RoleBinding ? 403 : null;
        world.Delete(world.Binding);
        world.RunFor(TimeSpan.FromSeconds(5)).Status.Phase.Should().Be(GrantPhase.Active);
        world.RefusesCreate = _ => null;
        world.RunFor(TimeSpan.FromSeconds(5)).HasAccess().Should().BeTrue();
    }

    [Fact]
    public void A_clean_up_that_fails_does_not_delay_the_word_that_access_is_over_and_is_tried_until_it_succeeds()
    {
        var world = new ModelWorld { FailsDelete = o => o is SecretMetadata }.Run();
        world.RunUntil(A.Start.AddMinutes(30));
        world.HasAccess().Should().BeFalse("the bindings are gone");
        world.Status.Phase.Should().Be(GrantPhase.Expired);
        world.RunFor(TimeSpan.FromMinutes(5));
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue("the ServiceAccount is gone, so TokenReview refuses the token");
        Conditions.Find(world.Status.Conditions, "Obstructed")!.Message.Should().Contain("Secret breakglass-grants/inc-4711-");
        world.Grant.FinalizersOrEmpty.Should().NotBeEmpty();

        world.FailsDelete = _ => false;
        world.RunFor(TimeSpan.FromSeconds(15)).Cluster.Objects.Should().BeEmpty();
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_token_that_lives_longer_than_its_grant_is_destroyed_also_when_the_operator_died_meanwhile(bool dies)
    {
        var world = new ModelWorld { TokenExtra = TimeSpan.FromDays(365) };
        world.Faults = step => dies && step is PlanStep.Deliver ? StepFault.DiesAfter : StepFault.None;
        world.RunFor(TimeSpan.FromSeconds(30));
        world.Status.Phase.Should().Be(GrantPhase.Failed);
        Conditions.Find(world.Status.Conditions, "Active")
            .Should().Match<Condition>(c => c.Reason == "TokenTooLong" && c.Message.Contains("--service-account-extend-token-expiration"));
        world.Cluster.Tokens.Should().NotContain(t => world.Cluster.Authenticates(t, world.Now));
        world.Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void Somebody_who_writes_the_grant_meanwhile_only_makes_it_go_round_again()
    {
        var world = new ModelWorld();
        foreach (var _ in Enumerable.Range(0, 8))
        {
            world.Meanwhile = () => world.Write(g => g with { Metadata =
                g.Metadata with { Labels = A.Labels(("touched", world.Plans.Count.ToString(System.Globalization.CultureInfo.InvariantCulture))) } });
            world.Reconcile();
        }

        world.Run().Status.Phase.Should().Be(GrantPhase.Active);
        world.Status.Transitions.Should().HaveCount(2);
    }

    [Fact]
    public void An_operator_that_dies_before_or_after_any_step_ends_where_an_undisturbed_one_does()
    {
        var calm = new ModelWorld().RunUntil(A.Start.AddMinutes(31));
        var steps = calm.Plans.Sum(p => p.Steps.Count);
        foreach (var fault in new[] { StepFault.DiesBefore, StepFault.DiesAfter, StepFault.AnswerLost, StepFault.Refused })
        {
            for (var at = 0; at < steps; at++)
            {
                var count = 0;
                var world = new ModelWorld { Faults = _ => count++ == at ? fault : StepFault.None };
                world.RunUntil(A.Start.AddMinutes(20)).RunUntil(world.Status.ExpiresAt!.Value + TimeSpan.FromMilliseconds(200));
                world.Cluster.AccessBindings.Should().BeEmpty($"its time is over, though {fault} at step {at}");
                world.RunUntil(A.Start.AddMinutes(31));
                world.Cluster.Objects.Should().BeEmpty($"{fault} at step {at}");
                world.Status.Phase.Should().Be(GrantPhase.Expired);
                Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue();
                world.Grant.FinalizersOrEmpty.Should().BeEmpty();
                world.Status.Transitions.Select(t => t.To).Should().Equal(calm.Status.Transitions.Select(t => t.To));
            }
        }
    }
}
