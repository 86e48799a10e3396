using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Simulation;
using TestKit;
using Xunit;
using World = Simulation.World;

namespace BreakGlass.Operator.Tests.Reconciling;

/// <summary>
/// The namespace of the grants' identities is deleted. The operator's rights in it go with it, so that every call into it is answered with 403 rather
/// than 404.
/// </summary>
public sealed class MissingNamespaceTests
{
    private const string Grants = "breakglass-grants";

    [Fact]
    public Task What_was_active_ends_on_record_and_is_proven_and_what_comes_new_fails_with_the_way_back() => Stillness.Run(stillness =>
    {
        using var world = Open(stillness);
        Delete(world);
        world.Advance(TimeSpan.FromSeconds(20));
        world.Grant()!.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Failed && s.EndReason == EndReason.Failed);
        Conditions.Find(world.Grant()!.Status.Conditions, "Active")
            .Should().Match<Condition>(c => c.Reason == "NamespaceMissing" && c.Message.Contains("kubectl apply -k config/rbac"));
        Conditions.IsTrue(world.Grant()!.Status.Conditions, "Revoked").Should().BeTrue();
        world.Grant()!.FinalizersOrEmpty.Should().BeEmpty();

        world.Server.Put(Sample.Grant(name: "inc-2"));
        world.Advance(TimeSpan.FromSeconds(20));
        world.Grant("inc-2")!.Status.Phase.Should().Be(GrantPhase.Failed);
        Conditions.Find(world.Grant("inc-2")!.Status.Conditions, "Active")!.Reason.Should().Be("NamespaceMissing");
        world.Server.List<V1RoleBinding>("payments").Should().BeEmpty();
    });

    [Theory]
    [InlineData("revoke")]
    [InlineData("lockdown")]
    public Task An_end_that_comes_with_it_is_the_one_on_record(string how) => Stillness.Run(stillness =>
    {
        using var world = Open(stillness);
        Delete(world);
        if (how == "revoke") world.Server.Modify<BreakGlassGrant>("inc-4711", null, g => g with { Spec = g.Spec with { Revoke = new() } });
        else world.Server.Put(new BreakGlassLockdown { Metadata = new() { Name = "stop" }, Spec = new() { Reason = "stop" } });
        world.Advance(TimeSpan.FromSeconds(20));
        world.Grant()!.Status.IsTerminal.Should().BeTrue();
        Conditions.IsTrue(world.Grant()!.Status.Conditions, "Revoked").Should().BeTrue();
    });

    [Fact]
    public Task An_operator_that_starts_without_it_works_and_needs_no_restart_once_it_is_back() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        Delete(world);
        var replica = world.Start();
        world.Advance(TimeSpan.FromSeconds(5));
        replica.Engine.Health.Missing().Should().BeEmpty("the webhooks must let in what ends access");
        replica.Engine.Health.Notes().Should().ContainSingle().Which.Should().Contain("namespace breakglass-grants is missing");
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(5));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Failed);

        world.Server.CreateNamespace(Grants);
        InstalledRbac.Install(world.Server);
        world.Advance(TimeSpan.FromSeconds(90));
        replica.Engine.Health.Notes().Should().BeEmpty();
        replica.Engine.Health.Ailments().Should().BeEmpty();
        world.Server.Put(Sample.Grant(name: "inc-2"));
        world.Advance(TimeSpan.FromSeconds(5));
        world.Grant("inc-2")!.Status.Phase.Should().Be(GrantPhase.Active);
        world.Advance(Sample.Duration + TimeSpan.FromSeconds(30));
        Conditions.IsTrue(world.Grant("inc-2")!.Status.Conditions, "Revoked").Should().BeTrue();
        world.Owned().Should().BeEmpty();
    });

    private static World Open(Stillness stillness)
    {
        var world = new World(stillness, new() { TokenCache = TimeSpan.FromSeconds(10) });
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start();
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(5));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        return world;
    }

    private static void Delete(World world)
    {
        world.Server.Delete<V1Namespace>(Grants);
        world.Server.FinishNamespaceDeletion(Grants);
    }
}
