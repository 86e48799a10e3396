using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Kube.Client;
using TestKit;
using Xunit;

namespace Kube.Runtime.Tests.Time;

public class SteadyClockTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeClock _wall = new();
    private readonly SteadyClock _clock;
    private readonly object _connection = new();
    private readonly object _other = new();

    public SteadyClockTests() => _clock = new(_wall);

    private DateTimeOffset Now => _clock.GetUtcNow();

    [Fact]
    public void A_wall_clock_that_is_set_back_does_not_take_it_back_and_time_goes_on()
    {
        Agree();
        var before = Now;
        _wall.JumpWallClock(-Hour);
        Now.Should().Be(before);
        _wall.Advance(TimeSpan.FromMinutes(1));
        Now.Should().Be(before + TimeSpan.FromMinutes(1));
        Answer(Hour);
        Now.Should().Be(before + TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void A_wall_clock_that_is_set_forward_is_not_believed_alone()
    {
        Agree();
        var before = Now;
        _wall.JumpWallClock(Hour);
        Now.Should().Be(before);
        for (var i = 0; i < 60; i++) Answer(-Hour, after: Second);
        Now.Should().BeCloseTo(before + TimeSpan.FromMinutes(1), Second);
        _clock.Skew.Should().BeCloseTo(Hour, Second);
        _clock.CertainNow.Should().BeNull();
    }

    [Fact]
    public void A_machine_that_slept_has_the_time_again_with_the_first_answer()
    {
        Agree();
        var before = Now;
        _wall.JumpWallClock(Hour);
        var jumps = 0;
        _clock.Jumped += () => jumps++;
        Answer();
        Now.Should().Be(before + Hour);
        jumps.Should().Be(1);
        _clock.Skew.Should().BeCloseTo(TimeSpan.Zero, Second);
        _clock.CertainNow.Should().BeNull("what cannot be undone waits until several answers agree");
        Agree();
        _clock.CertainNow.Should().BeCloseTo(Now, Second);
    }

    [Fact]
    public void A_wall_clock_that_the_server_has_contradicted_is_not_confirmed_by_one_answer()
    {
        Agree();
        _wall.JumpWallClock(Hour);
        for (var i = 0; i < 5; i++) Answer(-Hour, after: Second);
        var before = Now;
        Answer();
        Now.Should().BeCloseTo(before, Second);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    [InlineData(2400)]
    [InlineData(-2400)]
    [InlineData(1e6)]
    [InlineData(-2e5)]
    public void One_wrong_answer_moves_nothing_and_is_shown(double hours)
    {
        Agree();
        var before = Now;
        Answer(TimeSpan.FromHours(hours));
        Now.Should().Be(before);
        _clock.Skew!.Value.Duration().Should().BeGreaterThan(SteadyClock.Largest, "nothing may be opened");
        _clock.CertainNow.Should().BeNull();
        _clock.IsInDoubt.Should().BeTrue();

        Answer(after: Second);
        _clock.Skew.Should().BeCloseTo(TimeSpan.Zero, Second, "the next answer has contradicted it");
        _clock.WorstSkew!.Value.Duration().Should().BeGreaterThan(Hour, "a scrape is to find it");
        _clock.CertainNow.Should().NotBeNull();
        _wall.Advance(TimeSpan.FromMinutes(2));
        _clock.WorstSkew.Should().BeCloseTo(TimeSpan.Zero, Second);
    }

    [Fact]
    public void A_wrong_first_answer_ends_nothing_early_and_the_next_one_puts_it_right()
    {
        var start = Now;
        Answer(2 * Hour);
        Now.Should().Be(start);
        Answer();
        Now.Should().Be(start);

        var late = new SteadyClock(_wall);
        late.Observe(Sample(-2 * Hour, _connection));
        late.GetUtcNow().Should().BeBefore(start - Hour, "nobody knows which of the two is wrong, and neither ends a grant alone");
        late.Observe(Sample(TimeSpan.Zero, _connection));
        late.GetUtcNow().Should().Be(start);
    }

    [Fact]
    public void A_machine_that_starts_with_a_clock_that_is_ahead_goes_by_the_server()
    {
        Answer(-Hour);
        Now.Should().BeOnOrBefore(_wall.GetUtcNow() - Hour).And.BeCloseTo(_wall.GetUtcNow() - Hour, Second);
        for (var i = 0; i < 20; i++) Answer(-Hour, after: Second);
        Now.Should().BeOnOrBefore(_wall.GetUtcNow() - Hour).And.BeCloseTo(_wall.GetUtcNow() - Hour, Second);
    }

    [Fact]
    public void A_server_that_is_ahead_is_followed_once_its_answers_agree_and_no_longer_than_they_do()
    {
        Agree();
        var before = Now;
        for (var i = 0; i < 10; i++) Answer(2 * Hour, after: Second);
        Now.Should().Be(before + TimeSpan.FromSeconds(10), "they have not agreed for long enough");
        Answer(2 * Hour, after: Second, connection: _other);
        Now.Should().BeCloseTo(before + (2 * Hour) + TimeSpan.FromSeconds(11), 2 * Second);
        _clock.Skew.Should().BeCloseTo(-2 * Hour, 2 * Second, "so nothing opens");
        _clock.CertainNow.Should().BeNull();

        for (var i = 0; i < 11; i++) Answer(after: Second, connection: i % 2 == 0 ? _other : _connection);
        Now.Should().Be(before + TimeSpan.FromSeconds(22), "no poison lasts until a restart");
        _clock.CertainNow.Should().NotBeNull();
    }

    [Fact]
    public void One_answer_for_the_time_as_it_was_is_enough_to_end_a_challenge()
    {
        Agree();
        var before = Now;
        for (var i = 1; i <= 60; i++) Answer(i % 8 == 0 ? TimeSpan.Zero : 2 * Hour, after: Second, connection: i % 8 == 0 ? _other : _connection);
        Now.Should().Be(before + TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void Of_two_servers_with_different_clocks_the_wrong_one_does_not_win_by_being_reached_alone_for_some_seconds()
    {
        Agree();
        Answer(2 * Hour, after: Second);
        for (var round = 0; round < 20; round++)
        {
            Answer(after: Second);
            for (var i = 0; i < 45; i++) Answer(2 * Hour, after: Second, connection: i % 2 == 0 ? _connection : _other);
            Now.Should().Be(_wall.GetUtcNow(), "the other server was heard in between again and again");
        }

        for (var i = 0; i < 310; i++) Answer(2 * Hour, after: Second, connection: i % 2 == 0 ? _connection : _other);
        Now.Should().BeAfter(_wall.GetUtcNow() + Hour, "five minutes without a word of the other are no chance");
    }

    [Fact]
    public void Of_two_servers_with_different_clocks_the_one_that_this_machine_agrees_with_is_in_force_from_the_start()
    {
        for (var i = 0; i < 120; i++)
        {
            Answer(i % 3 == 0 ? TimeSpan.Zero : 2 * Hour, after: Second, connection: i % 2 == 0 ? _connection : _other);
            Now.Should().Be(_wall.GetUtcNow());
        }

        Answer(after: Second);
        _clock.CertainNow.Should().NotBeNull("a cluster with one wrong clock must still renew its certificates");
        _clock.Skew.Should().BeCloseTo(TimeSpan.Zero, Second);
    }

    [Fact]
    public void One_of_two_servers_whose_clock_is_wrong_for_long_keeps_nobody_out_and_is_shown()
    {
        Agree();
        Answer(2 * Hour, after: Second);
        _clock.Skew!.Value.Duration().Should().BeGreaterThan(Hour, "nobody has contradicted it yet");
        Answer(after: Second);
        for (var i = 0; i < 30; i++)
        {
            Answer(2 * Hour, after: Second, connection: _other);
            _clock.Skew.Should().BeCloseTo(TimeSpan.Zero, Second);
            _clock.WorstSkew!.Value.Duration().Should().BeGreaterThan(Hour);
            _clock.CertainNow.Should().BeNull();
            if (i % 5 == 0) Answer(after: Second);
        }

        _wall.JumpWallClock(2 * Hour);
        _clock.Skew!.Value.Duration().Should().BeGreaterThan(Hour, "now this machine's clock stands for the other");
    }

    [Fact]
    public void A_wrong_time_that_came_into_force_is_left_again_though_the_server_that_says_it_goes_on()
    {
        Agree();
        for (var i = 0; i < 12; i++) Answer(2 * Hour, after: Second, connection: i % 2 == 0 ? _connection : _other);
        Now.Should().BeAfter(_wall.GetUtcNow() + Hour, "nobody contradicted it");
        for (var i = 0; i < 30; i++) Answer(i % 2 == 0 ? 2 * Hour : TimeSpan.Zero, after: Second, connection: i % 3 == 0 ? _connection : _other);
        Now.Should().Be(_wall.GetUtcNow(), "this machine's clock and one of the two servers agree");
    }

    [Fact]
    public void One_connection_alone_is_one_server_and_convinces_nobody()
    {
        Agree();
        var before = Now;
        for (var i = 0; i < 60; i++) Answer(2 * Hour, after: Second, connection: _connection);
        Now.Should().Be(before + TimeSpan.FromMinutes(1));
        _clock.IsInDoubt.Should().BeTrue();
    }

    [Fact]
    public void When_all_clocks_were_ahead_and_are_right_again_it_goes_back_as_soon_as_nothing_is_open()
    {
        Agree();
        _wall.JumpWallClock(Hour);
        Agree();
        var ahead = Now;
        _wall.JumpWallClock(-Hour);
        var isOpen = true;
        _clock.MayGoBack = () => !isOpen;
        Agree();
        Now.Should().BeAfter(ahead, "what was opened by the clock as it was ends by it");
        _clock.Skew.Should().BeCloseTo(Hour, Second, "so nothing opens");
        isOpen = false;
        Answer();
        Now.Should().Be(_wall.GetUtcNow());
        _clock.Skew.Should().BeCloseTo(TimeSpan.Zero, Second);
    }

    [Fact]
    public void Its_bounds_hold_every_clock_and_what_is_certain_is_the_slowest_of_them()
    {
        Agree(TimeSpan.FromSeconds(-20));
        var wall = _wall.GetUtcNow();
        _clock.Bounds.Latest.Should().Be(wall);
        _clock.Bounds.Earliest.Should().BeCloseTo(wall - TimeSpan.FromSeconds(20), Second);
        _clock.CertainNow.Should().Be(_clock.Bounds.Earliest);
        Answer(2 * Hour);
        _clock.Bounds.Latest.Should().BeCloseTo(wall + (2 * Hour), Second);
    }

    [Fact]
    public void No_sequence_of_answers_with_single_wrong_ones_moves_it_by_a_tick_while_the_true_clocks_agree()
    {
        // Wrong answers of any size in any direction, at any pace, never two in a row. The first answer is right: before it nothing is known.
        var off = Gen.OneOf(
            Gen.Choose(-20, 20).Select(s => TimeSpan.FromMilliseconds(s * 250)), Gen.Choose(-200_000, 200_000).Select(m => TimeSpan.FromMinutes(m)));
        var step = from wrong in Gen.Frequency((2, off), (3, Gen.Constant(TimeSpan.Zero)))
                   from pause in Gen.Frequency((3, Gen.Choose(0, 3_000)), (1, Gen.Choose(0, 900_000)))
                   from trip in Gen.Choose(0, 800)
                   from connection in Gen.Choose(0, 2)
                   select (wrong, pause: TimeSpan.FromMilliseconds(pause), trip: TimeSpan.FromMilliseconds(trip), connection);
        Prop.ForAll(step.ListOf().ToArbitrary(), steps =>
        {
            var (wall, connections) = (new FakeClock(), new object[] { new(), new(), new() });
            var clock = new SteadyClock(wall);
            clock.Observe(Said(wall, TimeSpan.Zero, TimeSpan.Zero, connections[0]));
            var wasWrong = true;
            foreach (var (wrong, pause, trip, connection) in steps)
            {
                wall.Advance(pause);
                var by = wasWrong ? TimeSpan.Zero : wrong;
                wasWrong = by != TimeSpan.Zero;
                clock.Observe(Said(wall, by, trip, connections[connection]));

                // Never early, so no grant ends early; never late, so none is extended.
                clock.GetUtcNow().Should().Be(wall.GetUtcNow());
                if (by.Duration() <= SteadyClock.Largest + (3 * Second)) continue;
                clock.WorstSkew!.Value.Duration().Should().BeGreaterThan(SteadyClock.Largest, "a scrape is to find it");
                clock.CertainNow.Should().BeNull("nothing may be done that cannot be undone");
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Whatever_the_wall_clock_does_alone_it_is_never_ahead_of_the_true_time_nor_more_than_a_second_behind()
    {
        var step = from jump in Gen.Frequency((1, Gen.Choose(-500_000, 500_000).Select(s => TimeSpan.FromSeconds(s))), (4, Gen.Constant(TimeSpan.Zero)))
                   from pause in Gen.Choose(0, 20_000)
                   from connection in Gen.Choose(0, 2)
                   select (jump, pause: TimeSpan.FromMilliseconds(pause), connection);
        Prop.ForAll(step.ListOf().ToArbitrary(), steps =>
        {
            var (world, connections) = (new FakeClock(), new object[] { new(), new(), new() });
            var node = new NodeClock(world);
            var clock = new SteadyClock(node);
            clock.Observe(Said(world, TimeSpan.Zero, TimeSpan.Zero, connections[0]));
            foreach (var (jump, pause, connection) in steps)
            {
                world.Advance(pause);
                node.WallIsOffBy += jump;
                clock.Observe(Said(world, TimeSpan.Zero, TimeSpan.Zero, connections[connection]));
                (clock.GetUtcNow() - world.GetUtcNow()).Should().BeGreaterThan(-Second).And.BeLessThanOrEqualTo(TimeSpan.Zero);
            }
        }).QuickCheckThrowOnFailure();
    }

    private void Agree(TimeSpan off = default)
    {
        for (var i = 0; i < 12; i++) Answer(off, Second, i % 2 == 0 ? _connection : _other);
    }

    private void Answer(TimeSpan off = default, TimeSpan after = default, object? connection = null)
    {
        _wall.Advance(after);
        _clock.Observe(Sample(off, connection ?? _connection));
    }

    private ServerSample Sample(TimeSpan off, object connection) => Said(_wall, off, TimeSpan.Zero, connection);

    /// <summary>An answer of a server whose clock is the world's but for some error, which was under way for a while.</summary>
    private static ServerSample Said(FakeClock world, TimeSpan off, TimeSpan trip, object connection)
    {
        var sent = world.GetTimestamp();
        world.Advance(trip / 2);
        var at = (world.GetUtcNow().Ticks + off.Ticks) / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond;
        var date = new DateTimeOffset(Math.Clamp(at, 0, DateTime.MaxValue.Ticks), TimeSpan.Zero);
        world.Advance(trip - (trip / 2));
        return new(date, sent, world.GetTimestamp(), TimeSpan.Zero, connection);
    }
}
