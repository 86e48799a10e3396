using BreakGlass.Core.Api;
using FluentAssertions;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Reconciling;

/// <summary>A denial is for good, so it is never based on a cache that is behind.</summary>
public class StaleCacheTests
{
    [Theory]
    [InlineData("breakglasspolicies")]
    [InlineData("namespaces")]
    [InlineData("clusterroles")]
    public Task What_no_cache_shows_yet_is_asked_of_the_server_before_a_grant_is_denied(string resource) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Start();
        using var hold = world.Server.Watches.HoldBack(resource);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Server.Put(Sample.Grant());
        world.Settle();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
    });

    [Fact]
    public Task A_policy_that_allows_it_by_now_is_read_again_before_a_grant_is_denied() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy(p => p with { Requesters = [new() { Kind = "User", Name = "bob" }] }));
        world.Start();
        using var hold = world.Server.Watches.HoldBack("breakglasspolicies");
        world.Server.Modify<BreakGlassPolicy>("payments-oncall", null, p => p with { Spec = Sample.Policy().Spec });
        world.Server.Put(Sample.Grant());
        world.Settle();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
    });

    [Fact]
    public Task A_grant_is_not_denied_while_the_server_cannot_be_asked() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Start();
        using (world.Server.Faults.Inject(Fault.InternalError, "get", "breakglasspolicies", times: null))
        {
            world.Server.Put(Sample.Grant());
            world.Advance(TimeSpan.FromSeconds(30));
            world.Grant()!.Status.Phase.Should().BeNull();
        }

        world.Advance(TimeSpan.FromSeconds(15));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Denied);
    });
}
