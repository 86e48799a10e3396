using BreakGlass.Operator.Time;
using FluentAssertions;
using Kube.Model;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Time;

public class SteadyClockTests
{
    private readonly FakeClock _wall = new();

    [Fact]
    public void A_wall_clock_that_is_set_back_does_not_take_it_back_and_time_goes_on()
    {
        var clock = new SteadyClock(_wall);
        var before = clock.GetUtcNow();
        _wall.JumpWallClock(-TimeSpan.FromHours(1));
        clock.GetUtcNow().Should().Be(before);
        _wall.Advance(TimeSpan.FromMinutes(1));
        clock.GetUtcNow().Should().Be(before + TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void A_wall_clock_that_is_set_forward_is_believed_at_once_and_for_good()
    {
        var clock = new SteadyClock(_wall);
        var before = clock.GetUtcNow();
        _wall.JumpWallClock(TimeSpan.FromHours(1));
        clock.GetUtcNow().Should().Be(before + TimeSpan.FromHours(1));
        _wall.JumpWallClock(-TimeSpan.FromHours(1));
        clock.GetUtcNow().Should().Be(before + TimeSpan.FromHours(1));
    }

    [Fact]
    public void It_is_never_behind_the_API_server()
    {
        var clock = new SteadyClock(_wall);
        var ahead = clock.GetUtcNow() + TimeSpan.FromSeconds(20);
        clock.Observe(ahead);
        clock.GetUtcNow().Should().Be(ahead);
        clock.Observe(ahead - TimeSpan.FromMinutes(5));
        clock.GetUtcNow().Should().Be(ahead);
        _wall.Advance(TimeSpan.FromSeconds(7));
        clock.GetUtcNow().Should().Be(ahead + TimeSpan.FromSeconds(7));
    }

    [Fact]
    public Task A_clock_that_is_set_back_lengthens_no_grant() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start();
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(30));
        world.Clock.JumpWallClock(-TimeSpan.FromHours(2));
        world.Advance(Sample.Duration - TimeSpan.FromSeconds(31));
        world.Server.List<RoleBinding>("payments").Should().ContainSingle();
        world.Advance(TimeSpan.FromSeconds(2));
        world.Server.List<RoleBinding>("payments").Should().BeEmpty();
    });

    [Fact]
    public Task A_clock_that_jumps_forward_as_after_a_suspended_machine_ends_what_is_past_its_time() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start();
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(1));
        world.Clock.JumpWallClock(TimeSpan.FromHours(1));
        world.Advance(TimeSpan.FromSeconds(10));
        world.Server.List<RoleBinding>("payments").Should().BeEmpty();
    });
}
