using System.Collections.Concurrent;
using FluentAssertions;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using Xunit;
using static Kube.Runtime.Tests.Objects;

namespace Kube.Runtime.Tests.Controllers;

public class ControllerTests
{
    private readonly FakeClock _clock = new();
    private readonly WorkQueue<string> _queue;
    private readonly ConcurrentQueue<string> _runs = new();
    private readonly ConcurrentDictionary<string, V1Namespace> _cache = new();
    private readonly Signal _changed = new();

    public ControllerTests() => _queue = new(Guid.NewGuid().ToString("n"), _clock);

    [Fact]
    public async Task An_exception_is_tried_again_with_back_off_and_success_forgets_it()
    {
        await using var running = Run((_, _) => _runs.Count is 4 or > 5 ? Task.FromResult(Done) : throw new InvalidOperationException("boom"));
        _queue.Add("a");

        foreach (var delay in new[] { 5, 10, 20 })
        {
            await _clock.WhenTimerArmed(TimeSpan.FromMilliseconds(delay));
            _clock.Advance(TimeSpan.FromMilliseconds(delay));
        }

        await RunsReach(4);
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
        await using var running = Run((_, _) => Task.FromResult(
            _runs.Count == 1
                ? ReconciliationResult<V1Namespace>.Success(null, due)
                : ReconciliationResult<V1Namespace>.Success(null, TimeSpan.FromSeconds(3), Lane.Background)));
        _queue.Add("a");

        await _clock.WhenTimerArmed(TimeSpan.FromSeconds(4));
        _clock.Advance(TimeSpan.FromSeconds(4));
        await RunsReach(2);
        await _clock.WhenTimerArmed(TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task Each_run_gets_the_entity_as_the_cache_has_it_then_and_only_the_name_once_it_is_gone()
    {
        _cache["a"] = Ns("a", 7);
        await using var running = Run((_, _) => Task.FromResult(Done));
        _queue.Add("a");
        await RunsReach(1);

        _cache["a"] = Ns("a", 8);
        _queue.Add("a");
        await RunsReach(2);

        _cache.Clear();
        _queue.Add("a");
        await RunsReach(3); // or "never seen" may overtake it, if the second run still goes on and keeps "a" back
        _queue.Add("never seen");
        await RunsReach(4);
        _runs.Should().Equal("a at 7", "a at 8", "a", "never seen");
    }

    [Fact]
    public async Task What_is_gone_is_nothing_to_do_for_a_controller_that_leaves_nothing_behind()
    {
        IEntityController<V1Namespace> controller = new Forgetful();

        (await controller.DeletedAsync("a", default)).Should().Be(Done);
    }

    [Fact]
    public async Task Urgent_keys_go_through_while_all_general_workers_are_stuck()
    {
        var gate = new TaskCompletionSource();
        await using var running = Run(
            async (key, _) =>
            {
                if (key != "urgent") await gate.Task;
                return Done;
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
            return Done;
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
            return Done;
        });
        _queue.Add("a");
        await RunsReach(1);

        var stopped = running.DisposeAsync().AsTask();
        await _clock.WhenTimerArmed(TimeSpan.FromSeconds(20));
        _clock.Advance(TimeSpan.FromSeconds(20));
        await stopped.Soon("the stop");
    }

    [Fact]
    public async Task The_counters_exist_at_zero_and_then_tell_success_from_failure()
    {
        using var metrics = new MetricsOf(_queue.Name);
        var fail = true;
        var running = Run((_, _) => fail ? throw new InvalidOperationException("boom") : Task.FromResult(Done));
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

    private static ReconciliationResult<V1Namespace> Done => ReconciliationResult<V1Namespace>.Success(null);

    private Task RunsReach(int count) => _changed.Until(() => _runs.Count >= count, $"run {count}", () => $"there were {_runs.Count}");

    private Stop Run(Func<string, CancellationToken, Task<ReconciliationResult<V1Namespace>>> reconcile, ControllerOptions? options = null)
    {
        var controller = new Recording(async (name, cancellationToken) =>
        {
            _runs.Enqueue(name);
            _changed.Raise();
            return await reconcile(name, cancellationToken);
        });
        var loop = new ControllerLoop<V1Namespace>(_queue, name => _cache.GetValueOrDefault(name), controller, options ?? new(), _clock, NullLogger.Instance);
        var cancel = new CancellationTokenSource();
        return new(cancel, loop.RunAsync(cancel.Token));
    }

    /// <summary>Does the same for what is in the cache and what is not, but says which it was.</summary>
    private sealed class Recording(Func<string, CancellationToken, Task<ReconciliationResult<V1Namespace>>> reconcile) : IEntityController<V1Namespace>
    {
        public Task<ReconciliationResult<V1Namespace>> ReconcileAsync(V1Namespace entity, CancellationToken cancellationToken) =>
            reconcile($"{entity.Metadata.Name} at {entity.Metadata.ResourceVersion}", cancellationToken);

        public Task<ReconciliationResult<V1Namespace>> DeletedAsync(string name, CancellationToken cancellationToken) => reconcile(name, cancellationToken);
    }

    private sealed class Forgetful : IEntityController<V1Namespace>
    {
        public Task<ReconciliationResult<V1Namespace>> ReconcileAsync(V1Namespace entity, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
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
