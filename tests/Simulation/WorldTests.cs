using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Xunit;

namespace Simulation;

public class WorldTests
{
    [Fact]
    public Task A_grant_lives_and_ends_and_leaves_nothing() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start();
        world.Server.Put(Sample.Grant());
        world.Settle();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        world.Server.List<V1RoleBinding>("payments").Should().ContainSingle();

        var end = world.Grant()!.Status.ExpiresAt!.Value;
        world.AdvanceTo(end.AddMilliseconds(-1));
        world.Server.List<V1RoleBinding>("payments").Should().ContainSingle();
        world.AdvanceTo(end.AddMilliseconds(1));
        world.Server.List<V1RoleBinding>("payments").Should().BeEmpty();

        world.Advance(TimeSpan.FromMinutes(1));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Expired);
        world.Grant()!.FinalizersOrEmpty.Should().BeEmpty();
        world.Owned().Should().BeEmpty();
        world.History.Violations.Should().BeEmpty();
        world.History.Late(world.Now).Should().BeEmpty();
    });
}
