using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using FluentAssertions;
using Kube.Model;
using Xunit;

namespace Simulation;

public class LeadershipTests
{
    [Fact]
    public Task Only_one_of_two_acts_and_when_it_dies_the_other_ends_what_expired_meanwhile() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        var elected = World.Options with { LeaderElect = true };
        var (first, second) = (world.Start(elected), world.Start(elected));
        world.Advance(TimeSpan.FromSeconds(10));
        world.Server.Put(Sample.Grant());
        world.Advance(Sample.Duration - TimeSpan.FromSeconds(5));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        (first.Handler.Writes > 5).Should().BeTrue();
        second.Handler.Writes.Should().Be(0, "it only waits");

        first.Kill();
        world.Advance(TimeSpan.FromSeconds(5 + 15 + 5));
        world.Server.List<RoleBinding>("payments").Should().BeEmpty();
        world.Advance(TimeSpan.FromSeconds(30));
        world.Grant()!.Status.EndReason.Should().Be(EndReason.Expired);
        Conditions.IsTrue(world.Grant()!.Status.Conditions, "Revoked").Should().BeTrue();
        world.Owned().Should().BeEmpty();
        world.History.Violations.Should().BeEmpty();
    });

    [Fact]
    public Task One_that_stops_in_order_hands_over_at_once() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        var elected = World.Options with { LeaderElect = true };
        var (first, _) = (world.Start(elected), world.Start(elected));
        world.Server.Put(Sample.Grant());
        world.Advance(Sample.Duration - TimeSpan.FromSeconds(10));
        first.Stop();
        world.Advance(TimeSpan.FromSeconds(11));
        first.Running.IsCompletedSuccessfully.Should().BeTrue();
        world.Server.List<RoleBinding>("payments").Should().BeEmpty();
        world.History.Late(world.Now).Should().BeEmpty();
    });

    [Fact]
    public Task One_that_cannot_renew_ends_with_an_error_so_that_it_is_started_again() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        var replica = world.Start(World.Options with { LeaderElect = true });
        using (world.Server.Faults.Inject(TestKit.Fault.InternalError, "update", "leases", times: null))
        {
            world.Advance(TimeSpan.FromSeconds(40));
            replica.Running.IsFaulted.Should().BeTrue();
            replica.Running.Exception!.InnerException.Should().BeOfType<Kube.Runtime.LeadershipLostException>();
        }
    });
}
