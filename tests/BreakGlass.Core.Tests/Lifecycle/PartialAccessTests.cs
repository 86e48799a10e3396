using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>Some of a grant's places refuse: the others open, and the status says which is which.</summary>
public sealed class PartialAccessTests
{
    private static readonly Status Quota = new()
    {
        Code = 403, Reason = "Forbidden",
        Message = "rolebindings \"x\" is forbidden: exceeded quota: rbac, requested: count/rolebindings.rbac.authorization.k8s.io=1, used: 5, limited: 5",
    };

    private static readonly Status Down =
        new() { Code = 500, Reason = "InternalError", Message = "Internal error occurred: failed calling webhook \"check.example.com\": connection refused" };

    private static readonly Status Uncoded = new() { Code = 400, Message = "admission webhook \"check.example.com\" denied the request: no" };

    private static BreakGlassPolicy Two => A.Policy(s => s with { Access = [A.Entry("two", "edit", "payments", "shop")] });

    [Fact]
    public void One_namespace_that_refuses_leaves_the_others_open_and_is_tried_again_until_it_gives_way()
    {
        var world = new ModelWorld(Two) { AnswersCreate = o => o.Metadata.NamespaceProperty == "shop" ? Quota : null };
        world.Run();
        world.Status.Phase.Should().Be(GrantPhase.Active);
        world.HasAccess().Should().BeTrue();
        var active = Active(world);
        (active.Status, active.Reason).Should().Be(("True", "Partial"));
        active.Message.Should().Contain("in 1 of 2 places").And.Contain("Not in shop: ResourceQuota 'rbac'").And.Contain("Raise ResourceQuota 'rbac'");
        world.Status.Bindings.Single(b => b.Namespace == "shop").Should().Match<BindingRecord>(b => b.Uid == null && b.Problem!.Contains("rbac"));
        world.Status.Bindings.Single(b => b.Namespace == "payments").Problem.Should().BeNull();

        world.RunFor(TimeSpan.FromMinutes(4));
        world.Answered.Count.Should().BeInRange(5, 25, "it is tried again, with pauses");
        world.AnswersCreate = _ => null;
        world.RunFor(TimeSpan.FromMinutes(1)).HasAccess("shop").Should().BeTrue();
        Active(world).Should().Match<Condition>(c => c.Status == "True" && c.Reason == "AccessGiven" && c.LastTransitionTime == active.LastTransitionTime);
        world.Status.Bindings.Should().OnlyContain(b => b.Problem == null && b.Uid != null);
        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void Six_hundred_places_of_which_many_refuse_are_told_in_a_bounded_sentence()
    {
        var names = Enumerable.Range(0, 200).Select(n => $"ns-{n:000}").ToArray();
        var world = new ModelWorld(A.Policy(s => s with { Access = [A.Entry("many", "edit", names)] })) { AnswersCreate = o =>
            o.Metadata.NamespaceProperty is { } ns && ns.StartsWith("ns-", StringComparison.Ordinal) && ns != "ns-007" ? Quota : null };
        foreach (var name in names) world.SetNamespace(A.Namespace(name));
        world.Run().HasAccess("ns-007").Should().BeTrue();
        Active(world).Message.Length.Should().BeLessThan(2000);
        Active(world).Message.Should().Contain("in 1 of 200 places").And.Contain("and 194 more");
    }

    [Fact]
    public void Whoever_asks_for_all_or_nothing_gets_nothing()
    {
        var world = new ModelWorld(Two, A.Grant(s => s with { RequireAll = true })) { AnswersCreate = o => o.Metadata.NamespaceProperty == "shop"
            ? Quota : null };
        world.RunFor(TimeSpan.FromSeconds(30));
        world.Status.Phase.Should().Be(GrantPhase.Failed);
        Active(world).Should().Match<Condition>(
            c => c.Status == "False" && c.Reason == "QuotaExceeded" && c.Message.Contains("Not in shop") && c.Message.Contains("nothing is left of it"));
        world.Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void Where_every_place_refuses_the_grant_fails_with_the_reasons()
    {
        var world = new ModelWorld(Two) { AnswersCreate = o => o is V1RoleBinding { RoleRef.Kind: "ClusterRole" } ? Uncoded : null };
        world.RunFor(TimeSpan.FromSeconds(30));
        world.Status.Phase.Should().Be(GrantPhase.Failed);
        Active(world).Should().Match<Condition>(
            c => c.Reason == "AdmissionDenied" && c.Message.Contains("check.example.com") && !c.Message.Contains("allow-list"));
        world.Cluster.Objects.Should().BeEmpty();
    }

    [Theory]
    [InlineData("binding")]
    [InlineData("account")]
    public void While_a_webhook_is_down_the_condition_says_so_at_once_and_the_wait_is_bounded(string what)
    {
        var world = new ModelWorld { AnswersCreate = o => (what == "binding" ? o is V1RoleBinding { RoleRef.Kind: "ClusterRole" } : o is V1ServiceAccount)
            ? Down : null };
        world.RunFor(TimeSpan.FromMilliseconds(100));
        Active(world).Should().Match<Condition>(
            c => c.Status == "False" && c.Reason == "Opening" && c.Message.Contains("check.example.com") && c.Message.Contains("Next try at"));
        world.RunFor(TimeSpan.FromMinutes(4)).Status.Phase.Should().Be(GrantPhase.Pending);
        world.Answered.Count.Should().BeLessThan(30);
        world.RunFor(TimeSpan.FromMinutes(2));
        world.Status.Phase.Should().Be(GrantPhase.Failed);
        Active(world).Should().Match<Condition>(c => c.Reason == "WebhookUnavailable" && c.Message.Contains("check.example.com"));
        world.Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void A_webhook_that_comes_back_opens_the_grant()
    {
        var world = new ModelWorld { AnswersCreate = o => o is V1RoleBinding ? Down : null };
        world.RunFor(TimeSpan.FromMinutes(1));
        world.AnswersCreate = _ => null;
        world.RunFor(TimeSpan.FromSeconds(20)).HasAccess().Should().BeTrue();
        Active(world).Reason.Should().Be("AccessGiven");
    }

    [Fact]
    public void A_role_that_vanished_for_one_entry_is_named()
    {
        var world = new ModelWorld(A.Policy(s => s with { Access = [A.Entry("one", "edit", "payments"), A.Entry("two", "view", "shop")] })).Run();
        world.RemoveClusterRole("view");
        world.Run();
        Active(world).Should().Match<Condition>(
            c => c.Status == "True" && c.Reason == "Partial" && c.Message.Contains("Not in shop: ClusterRole/view does not exist"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Somebody_elses_binding_under_our_name_in_one_namespace_costs_the_others_nothing(bool isActiveBefore)
    {
        var world = new ModelWorld(Two);
        if (isActiveBefore) world.Run().Delete(world.Cluster.AccessBindings.Single(b => b.Metadata.NamespaceProperty == "shop"));
        var theirs = world.Put(new V1RoleBinding
        {
            Metadata = new() { Name = GrantNames.Binding(world.Grant, "two"), NamespaceProperty = "shop" },
            RoleRef = new() { Kind = "ClusterRole", Name = "view" }, Subjects = [Bound.User("bob")],
        });
        world.RunFor(TimeSpan.FromSeconds(10)).HasAccess().Should().BeTrue();
        Active(world).Should().Match<Condition>(c => c.Status == "True" && c.Reason == "Partial"
            && c.Message.Contains("Not in shop: RoleBinding") && c.Message.Contains("left it alone"));
        world.Status.Bindings.Single(b => b.Namespace == "shop").Uid.Should().BeNull("what is not ours is never recorded as ours");
        world.RunFor(TimeSpan.FromMinutes(5)).Cluster.Get(ObjectPlace.Of(theirs)).Should().BeSameAs(theirs);

        world.Delete(theirs);
        world.RunFor(TimeSpan.FromMinutes(2)).HasAccess("shop").Should().BeTrue();
        Active(world).Reason.Should().Be("AccessGiven");
        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void Somebody_elses_binding_under_our_name_outlives_a_grant_that_goes_on_in_part()
    {
        var world = new ModelWorld(Two);
        var theirs = world.Put(new V1RoleBinding { Metadata = new() { Name = GrantNames.Binding(world.Grant, "two"), NamespaceProperty = "shop" },
            RoleRef = new() { Kind = "ClusterRole", Name = "view" }, Subjects = [Bound.User("bob")] });
        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Values.Should().Equal([theirs]);
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue();
    }

    [Fact]
    public void Whoever_asks_for_all_or_nothing_gets_nothing_where_one_name_is_taken()
    {
        var world = new ModelWorld(Two, A.Grant(s => s with { RequireAll = true }));
        world.Put(new V1RoleBinding { Metadata = new() { Name = GrantNames.Binding(world.Grant, "two"), NamespaceProperty = "shop" },
            RoleRef = new() { Kind = "ClusterRole", Name = "view" }, Subjects = [Bound.User("bob")] });
        world.RunFor(TimeSpan.FromSeconds(10)).Status.Phase.Should().Be(GrantPhase.Failed);
        Active(world).Reason.Should().Be("ForeignObject");
    }

    [Fact]
    public void Access_that_works_nowhere_any_more_is_not_called_access()
    {
        var world = new ModelWorld().Run();
        world.RemoveNamespace("payments");
        world.RunFor(TimeSpan.FromSeconds(10)).HasAccess().Should().BeFalse();
        world.Status.Phase.Should().Be(GrantPhase.Active);
        Active(world).Should().Match<Condition>(c => c.Status == "False" && c.Reason == "Interrupted" && c.Message.Contains("does not exist any more"));
        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Should().BeEmpty();
        world.Status.Phase.Should().Be(GrantPhase.Expired);
    }

    [Fact]
    public void Access_that_was_taken_away_everywhere_and_is_refused_for_now_comes_back()
    {
        var world = new ModelWorld().Run();
        world.AnswersCreate = o => o is V1RoleBinding { RoleRef.Kind: "ClusterRole" } ? Quota : null;
        world.Delete(world.Binding);
        world.RunFor(TimeSpan.FromMinutes(3));
        Active(world).Should().Match<Condition>(c => c.Status == "False" && c.Reason == "Interrupted" && c.Message.Contains("ResourceQuota 'rbac'"));
        world.AnswersCreate = _ => null;
        world.RunFor(TimeSpan.FromMinutes(2)).HasAccess().Should().BeTrue();
        Active(world).Should().Match<Condition>(c => c.Status == "True" && c.Reason == "AccessGiven");
    }

    private static Condition Active(ModelWorld world) => Conditions.Find(world.Status.Conditions, "Active")!;
}
