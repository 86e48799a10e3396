using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Reconciling;

public class PolicyReconcilerTests
{
    [Fact]
    public Task A_policy_that_can_be_used_says_so_and_what_it_hands_out() => With(world =>
    {
        var status = world.Policy()!.Status;
        status.ObservedGeneration.Should().Be(world.Policy()!.Metadata.Generation);
        Conditions.IsTrue(status.Conditions, "Ready").Should().BeTrue();
        Conditions.IsTrue(status.Conditions, "RolesResolved").Should().BeTrue();
        Conditions.IsTrue(status.Conditions, "NeverExercised").Should().BeTrue();
        status.Roles.Should().ContainSingle().Which.Should().Match<RoleSummary>(r => r.Name == "payments" && r.Rules > 0 && r.ReadsSecrets);
    });

    [Fact]
    public Task A_role_that_does_not_exist_is_named_and_its_coming_is_noticed() => With(world =>
    {
        world.Server.Put(Sample.Policy(p =>
            p with { Access = [Sample.Entry("payments", "payments") with { RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = "admin2" } }] }, "other"));
        world.Settle();
        var ready = Conditions.Find(world.Policy("other")!.Status.Conditions, "Ready")!;
        ready.Should().Match<Condition>(c => c.Status == "False" && c.Reason == "RoleNotFound");
        ready.Message.Should().Contain("admin2");
        world.Server.Put(new V1ClusterRole { Metadata = new() { Name = "admin2" } });
        world.Settle();
        Conditions.IsTrue(world.Policy("other")!.Status.Conditions, "RolesResolved").Should().BeTrue();
    });

    [Fact]
    public Task A_role_that_the_operator_may_not_bind_is_named_before_an_incident() => With(world =>
    {
        world.Server.Put(Sample.Policy(p =>
            p with { Access = [Sample.Entry("all", "payments") with { RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = "cluster-admin" } }] }, "root"));
        world.Settle();
        var ready = Conditions.Find(world.Policy("root")!.Status.Conditions, "Ready")!;
        ready.Should().Match<Condition>(c => c.Status == "False" && c.Reason == "RoleNotBindable");
        ready.Message.Should().Contain("ClusterRole/cluster-admin").And.Contain("breakglass-operator-bind");
    });

    [Fact]
    public Task Many_grants_at_once_are_one_write() => With(world =>
    {
        world.Server.Requests.Clear();
        for (var i = 0; i < 20; i++) world.Server.Put(Sample.Grant(name: $"inc-{i}"));
        world.Advance(TimeSpan.FromSeconds(3));
        world.Policy()!.Status.ActiveGrants.Should().Be(20);
        world.Policy()!.Status.ActivationsInWindow.Should().Be(20);
        world.Server.Requests.Writes.Count(w => w.Call.Is("update", "breakglasspolicies/status")).Should().BeLessThanOrEqualTo(2);
    });

    [Fact]
    public Task It_is_held_while_a_grant_is_active_and_let_go_after() => With(world =>
    {
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(2));
        world.Policy()!.FinalizersOrEmpty.Should().Equal(BreakGlassApi.RevokeFinalizer);
        Conditions.IsTrue(world.Policy()!.Status.Conditions, "NeverExercised").Should().BeFalse();

        world.Server.Delete<BreakGlassPolicy>("payments-oncall");
        world.Advance(TimeSpan.FromSeconds(2));
        world.Grant()!.Status.EndReason.Should().Be(EndReason.PolicyDeleted);
        world.Policy().Should().BeNull();
    });

    /// <summary>The end of a grant is a single write of ours, which the policy did not hear of until the next sweep.</summary>
    [Fact]
    public Task It_hears_of_the_end_of_a_grant_though_only_the_operator_itself_wrote_it() => With(world =>
    {
        world.Server.Put(Sample.Grant());
        world.Advance(Sample.Duration + TimeSpan.FromSeconds(20));
        Conditions.IsTrue(world.Grant()!.Status.Conditions, "Revoked").Should().BeTrue();
        world.Policy()!.Status.ActiveGrants.Should().Be(0);
        world.Policy()!.FinalizersOrEmpty.Should().BeEmpty();
    });

    [Fact]
    public Task Rules_that_change_are_told_once_and_other_changes_of_the_role_are_not() => With(world =>
    {
        var before = world.Policy()!.Status.Roles[0].Hash;
        world.Server.Modify<V1ClusterRole>(
            "edit", null, r => r with { Metadata = r.Metadata with { Labels = new Dictionary<string, string> { ["a"] = "b" } } });
        world.Settle();
        world.Events().Should().NotContain(e => e.Reason == "RoleChanged");

        world.Server.Modify<V1ClusterRole>("edit", null, r => r with { Rules = [.. r.Rules, new() { Verbs = ["*"], ApiGroups = ["*"], Resources = ["*"] }] });
        world.Advance(TimeSpan.FromSeconds(5));
        world.Events().Where(e => e.Reason == "RoleChanged").Should().ContainSingle().Which.Should().Match<Eventsv1Event>(e =>
            e.Type == "Warning" && e.Regarding!.Kind == nameof(BreakGlassPolicy) && e.Note!.Contains("wildcards", StringComparison.Ordinal));
        world.Policy()!.Status.Roles[0].Hash.Should().NotBe(before);
        world.Policy()!.Status.Roles[0].Wildcard.Should().BeTrue();
    });

    [Fact]
    public Task What_this_version_cannot_enforce_makes_it_not_ready_and_denies_its_grants() => With(world =>
    {
        world.Server.Modify<BreakGlassPolicy>("payments-oncall", null, p => p with { Spec = p.Spec with { IdleTimeout = "10m" } });
        world.Settle();
        world.Server.Put(Sample.Grant());
        world.Settle();
        Conditions.Find(world.Policy()!.Status.Conditions, "Ready")!.Message.Should().Contain("spec.idleTimeout");
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Denied);
        Conditions.Find(world.Grant()!.Status.Conditions, "Authorized")!.Reason.Should().Be("PolicyNotReady");
    });

    [Fact]
    public Task Nothing_is_written_while_nothing_changes() => With(world =>
    {
        world.Server.Put(Sample.Grant(g => g with { Duration = "1h" }));
        world.Advance(TimeSpan.FromMinutes(2));
        world.Server.Requests.Clear();
        world.Advance(TimeSpan.FromMinutes(50));
        world.Server.Requests.Writes.Should().BeEmpty();
    });

    /// <summary>Each put right at once what the other had written, as fast as both could.</summary>
    [Fact]
    public Task Two_operators_that_see_different_things_do_not_fight_in_a_loop() => With(world =>
    {
        var second = world.Start();
        using (world.Server.Watches.HoldBack("breakglassgrants", second.Handler.Client))
        {
            world.Server.Put(Sample.Grant());
            world.Advance(TimeSpan.FromSeconds(2));
            world.Server.Modify<BreakGlassPolicy>("payments-oncall", null, p => p with { Spec = p.Spec with { Description = "changed" } });
            world.Advance(TimeSpan.FromSeconds(10));
            world.Server.Requests.Writes.Count(w => w.Call.Is("update", "breakglasspolicies/status")).Should().BeLessThan(60);
        }

        world.Advance(TimeSpan.FromSeconds(10));
        world.Policy()!.Status.ActiveGrants.Should().Be(1);
    });

    private static Task With(Action<World> test) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness, new() { TokenCache = TimeSpan.FromSeconds(10) });
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start();
        test(world);
    });
}
