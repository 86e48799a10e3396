using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit;
using Xunit;

namespace Simulation;

/// <summary>Clocks that are wrong: the server's in one answer or in many, this machine's, and both.</summary>
public class ClockTests
{
    private static readonly TimeSpan TwoHours = TimeSpan.FromHours(2);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    [InlineData(2400)]
    [InlineData(-2400)]
    public Task One_wrong_Date_ends_nothing_extends_nothing_and_locks_nobody_out(double hours) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        Begin(world);
        foreach (var name in (string[])["one", "two", "three"]) world.Server.Put(Sample.Grant(name: name));
        world.Advance(TimeSpan.FromSeconds(30));
        Bindings(world).Should().Be(3);
        var end = world.Grant("one")!.Status.ExpiresAt!.Value;

        world.Server.PoisonDates(TimeSpan.FromHours(hours));
        world.Server.Put(Sample.Grant(name: "four"));
        world.Advance(TimeSpan.FromSeconds(15));
        Bindings(world).Should().Be(4, "nothing ended, and the next answer has contradicted the wrong one");
        world.Grant("four")!.Status.ActivatedAt.Should().BeOnOrBefore(world.Now).And.BeOnOrAfter(world.Now - TimeSpan.FromSeconds(15));

        world.AdvanceTo(end - Second);
        Bindings(world).Should().Be(4);
        world.AdvanceTo(end + Second);
        Bindings(world).Should().Be(1);
        world.Grant("one")!.Status.EndedAt.Should().BeBefore(end + Second).And.BeOnOrAfter(end);
        world.History.Late(world.Now).Should().BeEmpty();
    });

    [Fact]
    public Task A_record_outlives_a_Date_a_hundred_days_ahead_said_once_or_for_long() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        Begin(world);
        world.Server.Put(Sample.Grant());
        world.Advance(Sample.Duration + TimeSpan.FromMinutes(1));
        world.Server.Put(new BreakGlassReview
        {
            Metadata = new() { Name = "seen" },
            Spec = new() { Grant = "inc-4711", Outcome = "Justified", Comment = "fine", Reviewer = new() { Username = "sam" } },
        });
        world.Advance(TimeSpan.FromSeconds(15));
        world.Server.PoisonDates(TimeSpan.FromDays(100));
        world.Server.Put(Sample.Grant(name: "other"));
        world.Advance(TimeSpan.FromSeconds(30));
        world.Grant().Should().NotBeNull();

        world.Server.DateSkew = TimeSpan.FromDays(100);
        world.Advance(TimeSpan.FromMinutes(10));
        world.Grant().Should().NotBeNull("a record that is gone does not come back");
        world.Server.DateSkew = TimeSpan.Zero;
        world.Advance(TimeSpan.FromMinutes(1));
        world.Grant().Should().NotBeNull();
    });

    [Fact]
    public Task A_server_that_lives_in_another_time_ends_what_is_past_by_its_clock_after_ten_seconds_and_opens_nothing() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        Begin(world);
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(30));
        world.Server.DateSkew = TwoHours;
        world.Advance(TimeSpan.FromSeconds(9));
        Bindings(world).Should().Be(1, "its answers have not agreed for long enough");
        world.Advance(TimeSpan.FromSeconds(11));
        Bindings(world).Should().Be(0, "the token is dead by the API server's clock, and a virtual machine that was paused has both of its clocks behind");

        world.Server.Put(Sample.Grant(name: "later"));
        world.Advance(TimeSpan.FromMinutes(1));
        Conditions.Find(world.Grant("later")!.Status.Conditions, "Authorized")!.Reason.Should().Be("ClockSkew");

        world.Server.DateSkew = TimeSpan.Zero;
        world.Advance(TimeSpan.FromSeconds(20));
        world.Grant("later")!.Status.Phase.Should().Be(GrantPhase.Active, "no poison lasts until a restart");
        world.Grant("later")!.Status.ExpiresAt.Should().BeCloseTo(world.Grant("later")!.Status.ActivatedAt!.Value + Sample.Duration, Second);
    });

    [Fact]
    public Task A_server_that_falls_behind_for_long_extends_nothing() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        Begin(world);
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(30));
        world.Server.DateSkew = -TwoHours;
        world.AdvanceTo(world.Grant()!.Status.ExpiresAt!.Value - Second);
        Bindings(world).Should().Be(1);
        world.Advance(2 * Second);
        Bindings(world).Should().Be(0);
    });

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    public Task A_node_whose_clock_is_set_alone_ends_nothing_early_and_extends_nothing(double hours) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        var node = new NodeClock(world.Clock);
        Begin(world, node);
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(30));
        var end = world.Grant()!.Status.ExpiresAt!.Value;

        node.WallIsOffBy = TimeSpan.FromHours(hours);
        world.Server.Put(Sample.Grant(name: "later"));
        world.AdvanceTo(end - Second);
        Bindings(world).Should().Be(1, "its own has time, and the other is not opened by a clock that is wrong");
        Conditions.Find(world.Grant("later")!.Status.Conditions, "Authorized")!.Reason.Should().Be("ClockSkew");
        world.AdvanceTo(end + Second);
        Bindings(world).Should().Be(0);
        world.Grant()!.Status.EndedAt.Should().BeCloseTo(end, Second);

        node.WallIsOffBy = TimeSpan.Zero;
        world.Advance(TimeSpan.FromSeconds(15));
        world.Grant("later")!.Status.Phase.Should().Be(GrantPhase.Active);
    });

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    public Task A_leader_that_starts_on_a_node_with_a_wrong_clock_ends_nothing_early_and_what_is_over_within_seconds(double hours) =>
        Stillness.Run(stillness =>
        {
            using var world = new World(stillness);
            Begin(world);
            world.Server.Put(Sample.Grant());
            world.Advance(TimeSpan.FromSeconds(30));
            var end = world.Grant()!.Status.ExpiresAt!.Value;
            world.Stop();

            world.Start(clock: new NodeClock(world.Clock) { WallIsOffBy = TimeSpan.FromHours(hours) });
            world.AdvanceTo(end - Second);
            Bindings(world).Should().Be(1);
            world.AdvanceTo(end + Second);
            Bindings(world).Should().Be(0, "the server's answers have agreed for long enough meanwhile");
        });

    [Fact]
    public Task A_clock_that_is_set_back_lengthens_no_grant() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        Begin(world);
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(30));
        world.Clock.JumpWallClock(-TwoHours);
        world.Advance(Sample.Duration - TimeSpan.FromSeconds(31));
        Bindings(world).Should().Be(1);
        world.Advance(2 * Second);
        Bindings(world).Should().Be(0);

        world.Server.Put(Sample.Grant(name: "later"));
        world.Advance(TimeSpan.FromSeconds(15));
        world.Grant("later")!.Status.Phase.Should().Be(GrantPhase.Active, "nothing is open any more, so the clock goes back to where all others are");
    });

    [Fact]
    public Task A_clock_that_jumps_forward_as_after_a_suspended_machine_ends_what_is_past_its_time() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        Begin(world);
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(1));
        world.Clock.JumpWallClock(TimeSpan.FromHours(1));
        world.Advance(TimeSpan.FromSeconds(5));
        Bindings(world).Should().Be(0, "the first answer has confirmed it");
    });

    private static void Begin(World world, TimeProvider? clock = null)
    {
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start(clock: clock);
        world.Advance(TimeSpan.FromSeconds(15));
    }

    private static int Bindings(World world) => world.Server.List<V1RoleBinding>("payments").Count;
}
