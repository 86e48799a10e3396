using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Simulation;
using Xunit;

namespace BreakGlass.Operator.Tests.Announcing;

/// <summary>Whoever looks at the grant or at its policy with kubectl describe is told of everything that became of it.</summary>
public class EventTests
{
    [Fact]
    public Task A_life_by_the_clock_is_told_on_grant_and_policy() => With(world =>
    {
        world.Server.Put(Sample.Grant(g => g with { Duration = "10m" }));
        world.Advance(TimeSpan.FromMinutes(11));
        foreach (var kind in (string[])[nameof(BreakGlassGrant), nameof(BreakGlassPolicy)])
        {
            // The first two are of one instant, and are sent side by side.
            var told = Told(world, kind).ToList();
            told[..2].Should().BeEquivalentTo("GrantRequested", "GrantActivated");
            told[2..].Should().Equal("GrantExpiring", "GrantExpired");
        }

        world.Events().Should().OnlyContain(
            e => e.Type == "Normal" && e.Metadata.NamespaceProperty == "default" && e.ReportingController == "breakglass.dev/operator");
        world.Events().Where(e => e.Regarding!.Kind == nameof(BreakGlassGrant))
            .Should().OnlyContain(e => e.Related!.Name == "payments-oncall" && e.Regarding!.Uid == world.Grant()!.Metadata.Uid);
        world.Events().Where(e => e.Regarding!.Kind == nameof(BreakGlassPolicy))
            .Should().OnlyContain(e => e.Related!.Name == "inc-4711" && e.Note!.Contains("inc-4711", StringComparison.Ordinal));
    });

    [Fact]
    public Task It_is_told_five_minutes_before_the_end() => With(world =>
    {
        world.Server.Put(Sample.Grant(g => g with { Duration = "10m" }));
        world.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(1));
        Told(world, nameof(BreakGlassGrant)).Should().NotContain("GrantExpiring");
        world.Advance(TimeSpan.FromSeconds(2));
        Told(world, nameof(BreakGlassGrant)).Should().Contain("GrantExpiring");
    });

    [Fact]
    public Task A_revocation_is_told_with_its_reason() => With(world =>
    {
        world.Server.Put(Sample.Grant());
        world.Settle();
        world.Server.Modify<BreakGlassGrant>("inc-4711", null, g => g with { Spec = g.Spec with { Revoke = new() { Reason = "rolled back" } } });
        world.Advance(TimeSpan.FromSeconds(1));
        world.Events().Should().Contain(e => e.Reason == "GrantRevoked" && e.Type == "Normal" && e.Note!.Contains("rolled back", StringComparison.Ordinal));
        Told(world, nameof(BreakGlassPolicy)).Should().Contain("GrantRevoked");
    });

    [Fact]
    public Task A_denial_is_a_warning() => With(world =>
    {
        world.Server.Put(Sample.Grant(g => g with { Requester = new() { Username = "eve" } }));
        world.Settle();
        world.Events().Where(e => e.Reason == "GrantDenied")
            .Should().HaveCount(2).And.OnlyContain(e => e.Type == "Warning" && e.Note!.Contains("eve", StringComparison.Ordinal));
    });

    [Fact]
    public Task A_failure_is_a_warning_and_somebody_elses_object_is_left_alone() => With(world =>
    {
        // A first grant tells the names; its namesake gets others, so the object in the way is put there between record and making.
        var foreign = new V1RoleBinding
        {
            Metadata = new() { NamespaceProperty = "payments", Name = "theirs" },
            RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = "view" },
            Subjects = [new() { Kind = "User", ApiGroup = V1Role.KubeGroup, Name = "carol" }],
        };
        using (var fault = world.Server.Faults.Inject(TestKit.Fault.Latency(TimeSpan.FromSeconds(1)), "create", "rolebindings", times: null))
        {
            world.Server.Put(Sample.Grant());
            world.Settle();
            foreign = foreign with { Metadata = foreign.Metadata with { Name = world.Grant()!.Status.Bindings[0].Name } };
            world.Server.Put(foreign);
            world.Advance(TimeSpan.FromSeconds(30));
        }

        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Failed);
        Conditions.Find(world.Grant()!.Status.Conditions, "Active")!.Reason.Should().Be("ForeignObject");
        world.Events().Should().Contain(
            e => e.Reason == "GrantFailed" && e.Type == "Warning" && e.Note!.Contains(foreign.Metadata.Name, StringComparison.Ordinal));
        world.Server.List<V1RoleBinding>("payments").Should().ContainSingle().Which.Subjects[0].Name.Should().Be("carol");
        world.Owned().Should().BeEmpty();
    });

    [Fact]
    public Task Repairs_and_orphans_are_warnings() => With(world =>
    {
        world.Server.Put(Sample.Grant());
        world.Settle();
        var binding = world.Server.List<V1RoleBinding>("payments").Single();
        world.Server.Modify<V1RoleBinding>(binding.Metadata.Name, "payments",
            b => b with { Subjects = [.. b.Subjects, new() { Kind = "User", ApiGroup = V1Role.KubeGroup, Name = "mallory" }] });
        world.Settle();
        world.Server.List<V1RoleBinding>("payments").Single().Subjects.Should().ContainSingle();
        world.Server.Put(binding with { Metadata = binding.Metadata with { Name = "breakglass-inc-4711-old", Uid = null, OwnerReferences = [],
            Annotations = new Dictionary<string, string> { [BreakGlassApi.GrantUidAnnotation] = "gone" } } });
        world.Settle();
        world.Server.List<V1RoleBinding>("payments").Should().ContainSingle();
        world.Events().Should().Contain(e => e.Reason == "DriftRepaired" && e.Type == "Warning" && e.Regarding!.Kind == nameof(BreakGlassGrant));
        world.Events().Should().Contain(e => e.Reason == "OrphanRemoved" && e.Type == "Warning"
            && e.Regarding!.Kind == nameof(BreakGlassGrant) && e.Regarding.Uid == "gone" && e.Related!.Name == "breakglass-inc-4711-old");
        world.Logs.Lines.Should().ContainSingle(line => line.Contains("OrphanRemoved: BreakGlassGrant inc-4711 (UID gone)", StringComparison.Ordinal));
    });

    [Fact]
    public Task Each_event_is_one_line_of_the_log_with_reason_and_object_and_without_what_users_wrote() => With(world =>
    {
        world.Server.Put(Sample.Grant());
        world.Settle();
        var (uid, justification) = (world.Grant()!.Metadata.Uid, world.Grant()!.Spec.Justification);
        var lines = world.Logs.Lines.Where(line => line.Contains("BreakGlassGrant inc-4711", StringComparison.Ordinal)).ToList();
        lines.Should().HaveCount(2).And.OnlyContain(line => !line.Contains(justification, StringComparison.Ordinal));
        lines[0].Should().Contain($"GrantRequested: BreakGlassGrant inc-4711 (UID {uid})");
        lines[1].Should().Contain($"GrantActivated: BreakGlassGrant inc-4711 (UID {uid})");
    });

    [Fact]
    public Task Of_two_bindings_that_were_tampered_with_each_is_named() => With(world =>
    {
        world.Server.CreateNamespace("shop");
        world.Server.Put(Sample.Policy(p => p with { Access = [Sample.Entry("payments", "payments"), Sample.Entry("shop", "shop")] }));
        world.Settle(); // policies and grants come by two watches, and either may be first: the grant must not meet the policy as it was
        world.Server.Put(Sample.Grant());
        world.Settle();
        foreach (var binding in world.Server.List<V1RoleBinding>().Where(b => b.RoleRef.Kind == V1ClusterRole.KubeKind).ToList())
        {
            world.Server.Modify<V1RoleBinding>(binding.Metadata.Name, binding.Metadata.NamespaceProperty,
                b => b with { Subjects = [.. b.Subjects, new() { Kind = "User", Name = "mallory" }] });
        }

        world.Advance(TimeSpan.FromSeconds(5));
        var told = world.Events().Where(e => e.Reason == "DriftRepaired" && e.Regarding!.Kind == nameof(BreakGlassGrant)).Select(e => e.Note!).ToList();
        told.Should().HaveCount(2).And.Contain(n => n.Contains("RoleBinding payments/", StringComparison.Ordinal)).And
            .Contain(n => n.Contains("RoleBinding shop/", StringComparison.Ordinal));
    });

    private static IEnumerable<string> Told(World world, string kind) =>
        world.Events().Where(e => e.Regarding!.Kind == kind).OrderBy(e => e.EventTime).Select(e => e.Reason!);

    private static Task With(Action<World> test) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start();
        test(world);
    });
}
