using BreakGlass.Core.Api;
using FluentAssertions;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Reconciling;

/// <summary>A read that a step makes on its way is refused: that says nothing about the write.</summary>
public sealed class RefusedReadTests
{
    [Fact]
    public Task A_read_of_what_stands_in_the_place_that_is_refused_does_not_fail_the_grant() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start();
        var create = world.Server.Faults.Inject(
            Fault.Answer(409, "AlreadyExists", "serviceaccounts \"inc-4711\" already exists"), "create", "serviceaccounts");
        var read = world.Server.Faults.Inject(Fault.Forbidden, "get", "serviceaccounts");

        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(10));

        (create.Hits, read.Hits).Should().Be((1, 1));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active, "the operator tries again, and nobody refused to have the account made");
    });
}
