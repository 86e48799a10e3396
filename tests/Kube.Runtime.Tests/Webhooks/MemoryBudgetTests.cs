using System.Collections.Concurrent;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Kube.Runtime.Tests.Webhooks;

public class MemoryBudgetTests
{
    private readonly FakeClock _clock = new();

    [Fact]
    public async Task What_finds_no_room_waits_and_gets_it_when_room_comes_free()
    {
        var budget = new MemoryBudget(100, _clock);
        var rooms = new List<MemoryBudget.Room>();
        for (var i = 0; i < 10; i++) rooms.Add((await budget.TakeAsync(10, default))!);

        var waiting = budget.TakeAsync(10, default).AsTask();
        waiting.IsCompleted.Should().BeFalse();
        rooms[0].Dispose();

        (await waiting.WaitAsync(Eventually.Limit)).Should().NotBeNull();
        budget.Taken.Should().Be(100);
    }

    [Fact]
    public async Task What_finds_no_room_in_time_gets_none_and_leaves_nothing_taken()
    {
        var budget = new MemoryBudget(100, _clock);
        var all = new List<MemoryBudget.Room>();
        for (var i = 0; i < 10; i++) all.Add((await budget.TakeAsync(10, default))!);

        var waiting = budget.TakeAsync(10, default).AsTask();
        _clock.Advance(MemoryBudget.WaitLimit);

        (await waiting.WaitAsync(Eventually.Limit)).Should().BeNull();
        all.ForEach(room => room.Dispose());
        budget.Taken.Should().Be(0);
    }

    [Fact]
    public async Task Large_requests_leave_half_of_the_room_to_small_ones()
    {
        var budget = new MemoryBudget(100, _clock);
        using var large = await budget.TakeAsync(50, default);
        var more = budget.TakeAsync(50, default).AsTask();

        using var small = await budget.TakeAsync(5, default);

        small.Should().NotBeNull("a flood of large requests does not keep a small one waiting");
        more.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task A_request_larger_than_the_whole_budget_gets_in_when_it_is_alone()
    {
        var budget = new MemoryBudget(100, _clock);
        (await budget.TakeAsync(1_000_000, default)).Should().NotBeNull();
        budget.Taken.Should().Be(50);
    }

    [Fact]
    public async Task A_caller_who_goes_away_while_waiting_leaves_nothing_behind()
    {
        var budget = new MemoryBudget(100, _clock);
        var first = await budget.TakeAsync(50, default);
        using var gone = new CancellationTokenSource();
        var waiting = budget.TakeAsync(50, gone.Token).AsTask();
        await gone.CancelAsync();
        await FluentActions.Awaiting(() => waiting.WaitAsync(Eventually.Limit)).Should().ThrowAsync<OperationCanceledException>();
        first!.Dispose();
        budget.Taken.Should().Be(0);
    }

    [Fact]
    public async Task A_caller_who_goes_away_just_as_room_comes_free_does_not_take_it_along_for_ever()
    {
        var (budget, later) = (new MemoryBudget(100, _clock), new Later());
        var first = await budget.TakeAsync(50, default);
        using var gone = new CancellationTokenSource();
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(later);
        var waiting = budget.TakeAsync(50, gone.Token).AsTask();
        SynchronizationContext.SetSynchronizationContext(before);

        first!.Dispose();
        later.WaitForOne();
        await gone.CancelAsync();
        later.Run(waiting);

        waiting.IsCanceled.Should().BeTrue();
        budget.Taken.Should().Be(0, "otherwise some such callers leave no room for anybody until a restart");
    }

    [Fact]
    public async Task Many_at_once_never_take_more_than_there_is_and_all_get_their_turn()
    {
        var budget = new MemoryBudget(1000, _clock);
        var most = 0L;
        var served = 0;
        await Task.WhenAll(Enumerable.Range(0, 500).Select(async i =>
        {
            using var room = await budget.TakeAsync(i % 2 == 0 ? 20 : 300, default);
            most = Math.Max(most, budget.Taken);
            if (room is not null) Interlocked.Increment(ref served);
            await Task.Yield();
        })).WaitAsync(Eventually.Limit);
        most.Should().BeLessThanOrEqualTo(1000);
        served.Should().Be(500);
        budget.Taken.Should().Be(0);
    }

    /// <summary>Keeps what a task goes on with until it is told to run it.</summary>
    private sealed class Later : SynchronizationContext
    {
        private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _posted = [];
        private (SendOrPostCallback Callback, object? State)? _next;

        public override void Post(SendOrPostCallback d, object? state) => _posted.Add((d, state));

        public void WaitForOne() => _next = Take();

        public void Run(Task until)
        {
            while (!until.IsCompleted)
            {
                var (callback, state) = _next ?? Take();
                _next = null;
                callback(state);
            }
        }

        private (SendOrPostCallback Callback, object? State) Take() =>
            _posted.TryTake(out var posted, Eventually.Limit) ? posted : throw new TimeoutException("nothing goes on that was to go on");
    }
}
