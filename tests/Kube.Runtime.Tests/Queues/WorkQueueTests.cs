using FluentAssertions;
using TestKit;
using Xunit;

namespace Kube.Runtime.Tests.Queues;

public class WorkQueueTests
{
    private readonly FakeClock _clock = new();
    private readonly WorkQueue<string> _queue;

    public WorkQueueTests() => _queue = new("test", _clock);

    /// <summary>Whoever called a key that was being worked on had it worked on once more in a lane in which others waited.</summary>
    [Fact]
    public async Task A_key_that_is_being_worked_on_can_be_left_alone()
    {
        _queue.TryAdd("a", Lane.Background).Should().BeTrue();
        _queue.TryAdd("a", Lane.Urgent).Should().BeTrue("it only waits, and waits in another lane from here on");
        (await Get()).Lane.Should().Be(Lane.Urgent);
        _queue.TryAdd("a", Lane.Urgent).Should().BeFalse();
        _queue.Done("a");
        _queue.Depth.Should().Be(0);
        _queue.TryAdd("a").Should().BeTrue();
        _queue.Depth.Should().Be(1);
    }

    [Fact]
    public async Task A_key_is_queued_once_however_often_it_is_added()
    {
        for (var i = 0; i < 5; i++) _queue.Add("a");

        _queue.Depth.Should().Be(1);
        (await Get()).Key.Should().Be("a");
        _queue.Depth.Should().Be(0);
    }

    [Fact]
    public async Task Adds_during_a_run_make_one_further_run_and_never_a_second_at_the_same_time()
    {
        _queue.Add("a");
        await Get();
        for (var i = 0; i < 5; i++) _queue.Add("a");

        var next = Get();
        next.IsCompleted.Should().BeFalse("the key is being worked on");
        _queue.Depth.Should().Be(0);

        _queue.Done("a");
        (await next.Soon("the further run")).Key.Should().Be("a");
        _queue.Done("a");
        _queue.Depth.Should().Be(0);
    }

    [Fact]
    public async Task The_more_urgent_lane_goes_first_and_a_key_moves_up_but_never_down()
    {
        _queue.Add("background", Lane.Background);
        _queue.Add("normal");
        _queue.Add("promoted", Lane.Background);
        _queue.Add("urgent", Lane.Urgent);
        _queue.Add("promoted", Lane.Urgent);
        _queue.Add("promoted", Lane.Background);

        var order = new List<WorkItem<string>>();
        while (_queue.Depth > 0) order.Add(await Get());

        order.Should().Equal(new("urgent", Lane.Urgent), new("promoted", Lane.Urgent), new("normal", Lane.Normal), new("background", Lane.Background));
    }

    [Fact]
    public async Task An_urgent_add_during_a_run_makes_the_further_run_urgent()
    {
        _queue.Add("a", Lane.Background);
        await Get();
        _queue.Add("a", Lane.Normal);
        _queue.Add("a", Lane.Urgent);
        _queue.Done("a");

        (await Get(Lane.Urgent)).Lane.Should().Be(Lane.Urgent);
    }

    [Fact]
    public async Task A_worker_of_the_urgent_lane_leaves_the_others_alone_and_is_preferred_for_its_own()
    {
        var general = Get();
        var urgent = Get(Lane.Urgent);
        _queue.Add("u", Lane.Urgent);

        (await urgent.Soon("the urgent worker's item")).Key.Should().Be("u");
        general.IsCompleted.Should().BeFalse();

        var urgentAgain = Get(Lane.Urgent);
        _queue.Add("n");
        (await general.Soon("the general worker's item")).Key.Should().Be("n");
        urgentAgain.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task Without_a_free_urgent_worker_a_general_one_takes_the_urgent_item()
    {
        var general = Get();
        _queue.Add("u", Lane.Urgent);

        (await general.Soon("the item")).Lane.Should().Be(Lane.Urgent);
    }

    [Fact]
    public async Task A_cancelled_wait_loses_no_item()
    {
        using var cancelled = new CancellationTokenSource();
        var first = _queue.GetAsync(Lane.Background, cancelled.Token).AsTask();
        var second = Get();
        await cancelled.CancelAsync();

        await ((Func<Task>)(() => first)).Should().ThrowAsync<OperationCanceledException>();
        _queue.Add("a");
        (await second.Soon("the item")).Key.Should().Be("a");
    }

    [Fact]
    public void A_waiting_key_fires_at_its_instant_and_not_before()
    {
        _queue.AddAt("a", _clock.GetUtcNow() + TimeSpan.FromSeconds(47.1234567));

        _clock.Advance(TimeSpan.FromSeconds(47.123));
        _queue.Depth.Should().Be(0);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        _queue.Depth.Should().Be(1);
        _queue.Waiting.Should().Be(0);
    }

    [Fact]
    public void An_instant_that_has_come_queues_at_once()
    {
        _queue.AddAt("a", _clock.GetUtcNow());
        _queue.AddAfter("b", TimeSpan.FromSeconds(-1));

        _queue.Depth.Should().Be(2);
        _clock.ArmedTimers.Should().BeEmpty();
    }

    [Fact]
    public void Nothing_waiting_arms_no_timer_and_thousands_waiting_arm_one()
    {
        _queue.Add("now");
        _clock.ArmedTimers.Should().BeEmpty();

        for (var i = 0; i < 5000; i++) _queue.AddAfter($"k{i}", TimeSpan.FromHours(1) + TimeSpan.FromMilliseconds(i));
        _clock.ArmedTimers.Should().ContainSingle().Which.Should().Be(TimeSpan.FromSeconds(10));
        _clock.Armings.Should().Be(1, "only a new earliest instant sets the timer");

        _clock.Advance(TimeSpan.FromHours(1) + TimeSpan.FromMilliseconds(4999));
        _queue.Depth.Should().Be(5001);
        _clock.ArmedTimers.Should().BeEmpty("nothing waits any more");
    }

    [Fact]
    public async Task A_key_that_waits_already_keeps_the_earlier_instant_and_the_more_urgent_lane()
    {
        var now = _clock.GetUtcNow();
        _queue.AddAt("a", now + TimeSpan.FromMinutes(5), Lane.Background);
        _queue.AddAt("a", now + TimeSpan.FromMinutes(9), Lane.Urgent);
        _queue.AddAt("a", now + TimeSpan.FromMinutes(3), Lane.Normal);
        _queue.Waiting.Should().Be(1);

        _clock.Advance(TimeSpan.FromMinutes(3));

        _queue.Depth.Should().Be(1);
        (await Get(Lane.Urgent)).Key.Should().Be("a");
    }

    [Fact]
    public async Task An_add_in_the_meantime_leaves_the_waiting_key_waiting()
    {
        _queue.AddAfter("a", TimeSpan.FromMinutes(1));
        _queue.Add("a");
        await Get();
        _queue.Done("a");

        _clock.Advance(TimeSpan.FromMinutes(1));
        _queue.Depth.Should().Be(1);
    }

    [Fact]
    public void A_wall_clock_that_jumps_forward_is_noticed_within_ten_seconds()
    {
        _queue.AddAt("a", _clock.GetUtcNow() + TimeSpan.FromHours(8));
        _clock.Advance(TimeSpan.FromSeconds(3));
        _clock.JumpWallClock(TimeSpan.FromHours(9));

        _queue.Depth.Should().Be(0);
        _clock.Advance(TimeSpan.FromSeconds(7));
        _queue.Depth.Should().Be(1);
    }

    [Fact]
    public void A_wall_clock_that_is_set_back_makes_nobody_wait_longer()
    {
        _queue.AddAt("a", _clock.GetUtcNow() + TimeSpan.FromSeconds(25));
        _clock.Advance(TimeSpan.FromSeconds(5));
        _clock.JumpWallClock(TimeSpan.FromHours(-1));
        _queue.AddAfter("after the jump", TimeSpan.FromSeconds(30));

        _clock.Advance(TimeSpan.FromSeconds(20));
        _queue.Depth.Should().Be(1, "25 s have passed");
        _clock.Advance(TimeSpan.FromSeconds(10));
        _queue.Depth.Should().Be(2, "30 s have passed since the jump");
    }

    [Fact]
    public void A_delay_longer_than_a_timer_can_count_or_time_can_tell_does_no_harm()
    {
        _queue.AddAfter("a", TimeSpan.FromDays(100));
        _queue.AddAfter("never", TimeSpan.MaxValue);

        _clock.Advance(TimeSpan.FromDays(1));
        _queue.Waiting.Should().Be(2);
    }

    [Fact]
    public void Failures_back_off_exponentially_up_to_the_cap_and_are_forgotten_on_demand()
    {
        var delays = Enumerable.Range(0, 70).Select(n => WorkQueue<string>.BackOff(n, WorkQueue<string>.MaxDelay).TotalMilliseconds).ToList();
        delays.Take(5).Should().Equal(5, 10, 20, 40, 80);
        delays.Should().BeInAscendingOrder().And.HaveElementAt(69, 1_000_000);

        for (var i = 0; i < 3; i++)
        {
            _queue.AddRateLimited("a");
            _clock.AdvanceToNextTimer();
        }

        _clock.Elapsed.Should().Be(TimeSpan.FromMilliseconds(5 + 10 + 20));
        _queue.Forget("a");
        _queue.AddRateLimited("a");
        _clock.ArmedTimers.Should().Equal(TimeSpan.FromMilliseconds(5));
    }

    [Fact]
    public void A_cap_of_its_own_holds_for_an_urgent_key()
    {
        for (var i = 0; i < 30; i++)
        {
            _queue.AddRateLimited("a", Lane.Urgent, TimeSpan.FromSeconds(2));
            _clock.ArmedTimers.Single().Should().BeLessThanOrEqualTo(TimeSpan.FromSeconds(2));
            _clock.Advance(TimeSpan.FromSeconds(2));
        }
    }

    [Fact]
    public async Task Shut_down_takes_no_further_adds_hands_out_what_is_queued_and_then_null()
    {
        _queue.Add("a");
        _queue.AddAfter("later", TimeSpan.FromSeconds(1));
        _queue.ShutDown();
        _queue.Add("b");

        (await Get()).Key.Should().Be("a");
        _queue.Done("a");
        (await _queue.GetAsync(Lane.Background, default)).Should().BeNull();
        _clock.ArmedTimers.Should().BeEmpty();
    }

    [Fact]
    public async Task Shut_down_releases_the_workers_that_wait()
    {
        var waiting = _queue.GetAsync(Lane.Urgent, default).AsTask();
        _queue.ShutDown();

        (await waiting.Soon("the release")).Should().BeNull();
    }

    [Fact]
    public void Done_for_a_key_that_is_not_worked_on_is_a_bug_that_says_so()
    {
        var act = () => _queue.Done("a");

        act.Should().Throw<InvalidOperationException>().WithMessage("*'a' is not being worked on*");
    }

    private async Task<WorkItem<string>> Get(Lane slowest = Lane.Background) =>
        await _queue.GetAsync(slowest, default) ?? throw new InvalidOperationException("the queue is shut down");
}
