using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Xunit;

namespace Simulation.Issues;

/// <summary>
/// What one grant's run read from the server was taken for known by everybody: the watch told of it as of our own writing, and the other grants
/// that it concerns were not looked at.
/// </summary>
public class ReadAheadOfTheWatchTests
{
    [Fact]
    public Task A_suspension_that_a_denial_found_first_still_ends_the_active_grants() => Stillness.Run(stillness =>
    {
        using var world = Active(stillness);
        using (world.Server.Watches.HoldBack("breakglasspolicies"))
        {
            world.Server.Modify<BreakGlassPolicy>("payments-oncall", null, p => p with { Spec = p.Spec with { Suspended = true } });
            world.Server.Put(Sample.Grant(g => g with { Justification = "" }, "inc-4712"));
            world.Settle();
            world.Grant("inc-4712")!.Status.Phase.Should().Be(GrantPhase.Denied);
        }

        world.Settle();
        world.Grant()!.Status.EndReason.Should().Be(EndReason.PolicySuspended);
        world.Server.List<V1RoleBinding>("payments").Should().BeEmpty();
    });

    [Fact]
    public Task A_namespace_that_another_grant_found_to_be_going_is_left_by_all() => Stillness.Run(stillness =>
    {
        using var world = Active(stillness);
        using (world.Server.Watches.HoldBack("namespaces"))
        {
            world.Server.Delete<V1Namespace>("payments");
            world.Server.Put(Sample.Grant(name: "inc-4712"));
            world.Settle();
        }

        world.Settle();
        world.Server.List<V1RoleBinding>("payments").Should().BeEmpty();
    });

    private static World Active(Stillness stillness)
    {
        var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start();
        world.Server.Put(Sample.Grant());
        world.Settle();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        return world;
    }
}
