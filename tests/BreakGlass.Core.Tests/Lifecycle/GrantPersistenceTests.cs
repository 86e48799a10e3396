using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sealing;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using k8s.Models;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>What a policy lets its grants do that outlives them is told to the API server's own guard, by bindings that give nobody anything.</summary>
public sealed class GrantPersistenceTests
{
    [Fact]
    public void The_guard_is_told_what_the_policy_allows_as_long_as_access_lasts()
    {
        var world = Guarded("rbac", "tokens");
        world.Run();
        Told(world).Should().Equal("breakglass-persistence-rbac", "breakglass-persistence-tokens");
        world.Cluster.Bindings.OfType<V1ClusterRoleBinding>().SelectMany(b => b.Subjects)
            .Should().OnlyContain(s => s == PersistenceRights.Holder(world.Grant, world.Settings));
        world.Status.Bindings.Should().HaveCount(3);

        world.RunUntil(world.Status.ExpiresAt!.Value.AddSeconds(15));
        world.Cluster.Objects.Should().BeEmpty();
        world.Status.Phase.Should().Be(GrantPhase.Expired);
        Core.Model.Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue();
    }

    [Fact]
    public void What_the_policy_takes_back_is_taken_back_at_once()
    {
        var world = Guarded("rbac", "tokens");
        world.Run();
        world.EditPolicy(s => s with { AllowPersistence = ["tokens"] });
        world.Run();
        Told(world).Should().Equal("breakglass-persistence-tokens");
        world.Status.Phase.Should().Be(GrantPhase.Active);
    }

    /// <summary>Whoever takes the webhooks away and widens the policy must not let an active grant stay by that.</summary>
    [Fact]
    public void What_is_written_into_a_policy_past_the_webhooks_is_not_allowed_by_it()
    {
        var world = Guarded();
        world.Run();
        world.EditPolicy(s => s with { AllowPersistence = ["rbac"] });
        world.PolicySeal = SealState.Broken;
        world.Run();
        Told(world).Should().BeEmpty();
        world.Status.Phase.Should().Be(GrantPhase.Active);
    }

    [Fact]
    public void Where_the_guard_is_not_installed_there_is_nobody_to_tell()
    {
        var world = new ModelWorld(A.Policy(s => s with { AllowPersistence = ["rbac"] })).Run();
        Told(world).Should().BeEmpty();
        world.HasAccess().Should().BeTrue();
    }

    private static ModelWorld Guarded(params string[] allow)
    {
        var world = new ModelWorld(A.Policy(s => s with { AllowPersistence = allow }));
        foreach (var word in new[] { "rbac", "tokens" }) world.Cluster.Rules = world.Cluster.Rules.SetItem(("", PersistenceRights.RoleOf(word)),
            [new() { ApiGroups = ["breakglass.dev"], Resources = ["persistence"], ResourceNames = [word], Verbs = ["use"] }]);
        return world;
    }

    private static IEnumerable<string> Told(ModelWorld world) =>
        world.Cluster.Bindings.OfType<V1ClusterRoleBinding>().Select(b => b.RoleRef.Name).Order(StringComparer.Ordinal);
}
