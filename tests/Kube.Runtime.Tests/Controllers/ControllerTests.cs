using System.Collections.Concurrent;
using FluentAssertions;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using Xunit;

namespace Kube.Runtime.Tests.Controllers;

public class ControllerTests
{
    private readonly FakeClock _clock = new();
    private readonly WorkQueue<string> _queue;
    private readonly ConcurrentQueue<string> _runs = new();
    private readonly Signal _changed = new();

    public ControllerTests() => _queue = new(Guid.NewGuid().ToString("n"), _clock);

    [Fact]
    public async Task An_exception_is_tried_again_with_back_off_and_success_forgets_it()
    {
        var failures = 3;
        await using var running = Run((_, _) => failures-- > 0 ? throw new InvalidOperationException("boom") : Task.FromResult(Outcome.Done));
        _queue.Add("a");

        foreach (var delay in new[] { 5, 10, 20 })
        {
            await _clock.WhenTimerArmed(TimeSpan.FromMilliseconds(delay));
            _clock.Advance(TimeSpan.FromMilliseconds(delay));
        }

        await RunsReach(4);
        failures = 1;
        _queue.Add("a");
        await _clock.WhenTimerArmed(TimeSpan.FromMilliseconds(5));
    }

    [Fact]
    public async Task An_urgent_key_is_retried_at_most_two_seconds_apart()
    {
        await using var running = Run((_, _) => throw new InvalidOperationException("boom"));
        _queue.Add("a", Lane.Urgent);

        for (var i = 1; i <= 20; i++)
        {
            await RunsReach(i);
            await _clock.WhenTimersArmed(t => t.Count == 1, $"the wait after failure {i}");
            _clock.ArmedTimers.Single().Should().BeLessThanOrEqualTo(TimeSpan.FromSeconds(2));
            _clock.AdvanceToNextTimer();
        }
    }

    [Fact]
    public async Task A_result_with_an_instant_comes_back_at_it_and_forgets_failures()
    {
        var due = _clock.GetUtcNow() + TimeSpan.FromSeconds(4);
        await using var running = Run((_, _) => Task.FromResult(_runs.Count == 1 ? Outcome.At(due) : Outcome.After(TimeSpan.FromSeconds(3), Lane.Background)));
        _queue.Add("a");

        await _clock.WhenTimerArmed(TimeSpan.FromSeconds(4));
        _clock.Advance(TimeSpan.FromSeconds(4));
        await RunsReach(2);
        await _clock.WhenTimerArmed(TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task Urgent_keys_go_through_while_all_general_workers_are_stuck()
    {
        var gate = new TaskCompletionSource();
        await using var running = Run(
            async (key, _) =>
            {
                if (key != "urgent") await gate.Task;
                return Outcome.Done;
            },
            new() { Workers = 2, UrgentWorkers = 1 });
        _queue.Add("a");
        _queue.Add("b");
        _queue.Add("c");
        await RunsReach(2);

        _queue.Add("urgent", Lane.Urgent);
        await RunsReach(3);
        _runs.Should().Contain("urgent").And.NotContain("c");
        gate.SetResult();
    }

    [Fact]
    public async Task Stopping_lets_what_is_under_way_finish_and_starts_nothing_new()
    {
        var gate = new TaskCompletionSource();
        var finished = false;
        var running = Run(async (_, token) =>
        {
            await gate.Task.WaitAsync(token);
            finished = true;
            return Outcome.Done;
        });
        _queue.Add("a");
        await RunsReach(1);
        _queue.Add("b");

        var stopped = running.DisposeAsync().AsTask();
        stopped.IsCompleted.Should().BeFalse();
        gate.SetResult();
        await stopped.Soon("the stop");

        finished.Should().BeTrue();
        _runs.Should().Equal("a");
    }

    [Fact]
    public async Task A_run_that_does_not_end_after_the_stop_is_cut_off_at_the_limit()
    {
        var running = Run(async (_, token) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _clock, token);
            return Outcome.Done;
        });
        _queue.Add("a");
        await RunsReach(1);

        var stopped = running.DisposeAsync().AsTask();
        await _clock.WhenTimerArmed(TimeSpan.FromSeconds(20));
        _clock.Advance(TimeSpan.FromSeconds(20));
        await stopped.Soon("the stop");
    }

    [Fact]
    public async Task A_run_longer_than_the_time_out_is_cut_off_and_counts_as_failed()
    {
        await using var running = Run(
            async (_, token) =>
            {
                if (_runs.Count == 1) await Task.Delay(Timeout.InfiniteTimeSpan, _clock, token);
                return Outcome.Done;
            },
            new() { ReconcileTimeout = TimeSpan.FromSeconds(30) });
        _queue.Add("a");

        await _clock.WhenTimerArmed(TimeSpan.FromSeconds(30));
        _clock.Advance(TimeSpan.FromSeconds(30));
        await _clock.WhenTimerArmed(TimeSpan.FromMilliseconds(5));
        _clock.Advance(TimeSpan.FromMilliseconds(5));
        await RunsReach(2);
    }

    [Fact]
    public async Task The_counters_exist_at_zero_and_then_tell_success_from_failure()
    {
        using var metrics = new MetricsOf(_queue.Name);
        var fail = true;
        var running = Run((_, _) => fail ? throw new InvalidOperationException("boom") : Task.FromResult(Outcome.Done));
        metrics.Names.Should().Contain(
            "controller_runtime_reconcile_total", "controller_runtime_reconcile_errors_total", "workqueue_adds_total", "workqueue_retries_total");
        metrics["controller_runtime_reconcile_total"].Should().Be(0);
        metrics["workqueue_depth"].Should().Be(0);

        _queue.Add("a");
        await _clock.WhenTimerArmed(TimeSpan.FromMilliseconds(5));
        fail = false;
        _clock.Advance(TimeSpan.FromMilliseconds(5));
        await RunsReach(2);
        await running.DisposeAsync();

        metrics["controller_runtime_reconcile_total"].Should().Be(2);
        metrics["controller_runtime_reconcile_errors_total"].Should().Be(1);
        metrics["workqueue_retries_total"].Should().Be(1);
        metrics["controller_runtime_active_workers"].Should().Be(0);
        metrics.Names.Should().Contain("controller_runtime_reconcile_time_seconds").And.Contain("workqueue_queue_duration_seconds");
    }

    private Task RunsReach(int count) => _changed.Until(() => _runs.Count >= count, $"run {count}", () => $"there were {_runs.Count}");

    private Stop Run(Func<string, CancellationToken, Task<Outcome>> reconcile, ControllerOptions? options = null)
    {
        var controller = new Controller<string>(
            _queue.Name,
            _queue,
            async (key, token) =>
            {
                _runs.Enqueue(key);
                _changed.Raise();
                return await reconcile(key, token);
            },
            options ?? new(),
            _clock,
            NullLogger.Instance);
        var cancel = new CancellationTokenSource();
        return new(cancel, controller.RunAsync(cancel.Token));
    }

    private sealed class Stop(CancellationTokenSource cancel, Task run) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await cancel.CancelAsync();
            await run.Soon("the controller to stop");
            cancel.Dispose();
        }
    }
}
