using FluentAssertions;
using Xunit;

namespace TestKit.Tests;

public sealed class FakeClockTests
{
    private readonly FakeClock _clock = new();

    [Fact]
    public void Timers_fire_in_order_of_time_each_at_its_own_instant()
    {
        var fired = new List<(string, TimeSpan)>();
        using var late = _clock.CreateTimer(_ => fired.Add(("late", _clock.Elapsed)), null, TimeSpan.FromSeconds(9), Timeout.InfiniteTimeSpan);
        using var early = _clock.CreateTimer(_ => fired.Add(("early", _clock.Elapsed)), null, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4));

        _clock.Advance(TimeSpan.FromSeconds(10));

        fired.Should().Equal(
            ("early", TimeSpan.FromSeconds(2)), ("early", TimeSpan.FromSeconds(6)), ("late", TimeSpan.FromSeconds(9)), ("early", TimeSpan.FromSeconds(10)));
        _clock.ArmedTimers.Should().Equal(TimeSpan.FromSeconds(4));
    }

    [Fact]
    public async Task A_loop_of_delays_is_driven_step_by_step()
    {
        var rounds = 0;
        using var stop = new CancellationTokenSource();
        var loop = Task.Run(async () =>
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), _clock, stop.Token);
                rounds++;
            }
        });
        await _clock.WhenTimerArmed(TimeSpan.FromSeconds(1));

        for (var round = 1; round <= 5; round++)
        {
            var armings = _clock.Armings;
            _clock.Advance(TimeSpan.FromSeconds(1));
            await _clock.WhenTimerArmedSince(armings);
            rounds.Should().Be(round);
        }

        await stop.CancelAsync();
        await loop.Invoking(l => l.Soon("the loop to stop")).Should().ThrowAsync<OperationCanceledException>();
        _clock.ArmedTimers.Should().BeEmpty();
    }

    [Fact]
    public void A_wall_clock_jump_leaves_the_monotonic_clock_and_the_timers_alone()
    {
        var fired = false;
        using var timer = _clock.CreateTimer(_ => fired = true, null, TimeSpan.FromMinutes(1), Timeout.InfiniteTimeSpan);
        var stamp = _clock.GetTimestamp();

        _clock.JumpWallClock(TimeSpan.FromHours(-2));

        _clock.GetUtcNow().Should().Be(FakeClock.DefaultStart.AddHours(-2));
        _clock.GetElapsedTime(stamp).Should().Be(TimeSpan.Zero);
        fired.Should().BeFalse();
        _clock.Advance(TimeSpan.FromMinutes(1));
        fired.Should().BeTrue();
        _clock.GetElapsedTime(stamp).Should().Be(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_timer_due_now_needs_no_advance()
    {
        var fired = new TaskCompletionSource();
        using var timer = _clock.CreateTimer(_ => fired.SetResult(), null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);

        await fired.Task.Soon("the timer that is due now");
        _clock.Armings.Should().Be(1);
    }

    [Fact]
    public void A_disposed_timer_and_one_past_the_limit_of_real_timers_do_not_fire()
    {
        var timer = _clock.CreateTimer(_ => throw new InvalidOperationException("fired"), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        timer.Dispose();
        _clock.Advance(TimeSpan.FromMinutes(1));

        timer.Change(TimeSpan.FromSeconds(1), TimeSpan.Zero).Should().BeFalse();
        _clock.Invoking(c => c.CreateTimer(_ => { }, null, TimeSpan.FromDays(60), Timeout.InfiniteTimeSpan)).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public async Task A_wait_that_never_ends_says_what_it_waited_for()
    {
        var waiting = () => new Signal().Until(() => false, "the moon", () => "the sun shines", TimeSpan.FromMilliseconds(20));

        (await waiting.Should().ThrowAsync<TimeoutException>()).WithMessage("*for the moon*the sun shines*");
    }

    [Fact]
    public void A_golden_diff_shows_the_lines_that_differ() =>
        Golden.Diff("a\nb\nc\nd\n", "a\nB\nc\nx\nd\n").Should().Be("@@ line 1 @@\n  a\n- b\n+ B\n  c\n+ x\n  d\n  \n");
}
