using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Kube.Runtime;

/// <summary>
/// Runs a reconciler over the keys of a queue. The reconciler gets a key, reads the current state and brings the world in
/// line with it; what it throws is logged, counted and tried again with back-off, for ever.
/// </summary>
public sealed partial class Controller<TKey>
    where TKey : notnull
{
    private static readonly string[] Results = ["success", "error", "requeue", "requeue_after"];

    private readonly WorkQueue<TKey> _queue;
    private readonly Func<TKey, CancellationToken, Task<Outcome>> _reconcile;
    private readonly ControllerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly KeyValuePair<string, object?> _tag;

    /// <param name="name">For log and metrics.</param>
    /// <param name="queue">Where the keys come from. The controller shuts it down when it stops.</param>
    /// <param name="reconcile">The work. Its token is cancelled when it runs too long, or <see cref="ControllerOptions.StopTimeout"/> after the stop.</param>
    /// <param name="options">Numbers of workers, limits.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    public Controller(
        string name, WorkQueue<TKey> queue, Func<TKey, CancellationToken, Task<Outcome>> reconcile, ControllerOptions options, TimeProvider time, ILogger logger)
    {
        if (options.UrgentWorkers < 0 || options.Workers < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(options), "a controller needs at least one general worker and cannot have less than no urgent ones");
        }

        (Name, _queue, _reconcile, _options, _time, _logger) = (name, queue, reconcile, options, time, logger);
        _tag = new("controller", name);
    }

    /// <summary>The name in log and metrics.</summary>
    public string Name { get; }

    /// <summary>
    /// Works until cancelled; then takes no further key, lets what is under way finish within
    /// <see cref="ControllerOptions.StopTimeout"/> and returns. Start it when the caches are synced.
    /// </summary>
    /// <param name="cancellationToken">Stops it in order.</param>
    /// <param name="atOnce">Cancels what is under way as well.</param>
    public async Task RunAsync(CancellationToken cancellationToken, CancellationToken atOnce = default)
    {
        InitialiseMetrics();
        LogStarted(Name, _options.UrgentWorkers, _options.Workers);
        using var abort = CancellationTokenSource.CreateLinkedTokenSource(atOnce);
        var workers = Task.WhenAll(
        [
            .. Enumerable.Range(0, _options.UrgentWorkers).Select(_ => WorkAsync(Lane.Urgent, abort.Token, cancellationToken)),
            .. Enumerable.Range(0, _options.Workers).Select(_ => WorkAsync(Lane.Background, abort.Token, cancellationToken)),
        ]);

        // A queue that was shut down ends the workers, too.
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var onStop = cancellationToken.Register(() => stop.TrySetResult());
        await Task.WhenAny(workers, stop.Task);
        _queue.ShutDown();
        using var timer = _time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), abort, _options.StopTimeout, Timeout.InfiniteTimeSpan);
        await workers;
        LogStopped(Name);
    }

    private async Task WorkAsync(Lane slowestLane, CancellationToken abort, CancellationToken stop)
    {
        // Off the caller's thread before the first key, so that all workers start.
        await Task.Yield();
        try
        {
            while (await _queue.GetAsync(slowestLane, stop) is { } item)
            {
                RuntimeMetrics.ActiveWorkers.Add(1, _tag);
                try
                {
                    await RunOneAsync(item, abort);
                }
                finally
                {
                    _queue.Done(item.Key);
                    RuntimeMetrics.ActiveWorkers.Add(-1, _tag);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop.
        }
    }

    private async Task RunOneAsync(WorkItem<TKey> item, CancellationToken abort)
    {
        using var scope = _logger.BeginScope(new KeyValuePair<string, object?>[]
        {
            _tag, new("key", item.Key), new("reconcileID", Guid.NewGuid()),
        });
        using var timeout = _options.ReconcileTimeout is { } limit ? new CancellationTokenSource(limit, _time) : null;
        using var linked = timeout is null ? null : CancellationTokenSource.CreateLinkedTokenSource(abort, timeout.Token);
        var started = _time.GetTimestamp();
        string result;
        try
        {
            result = Follow(item.Key, await _reconcile(item.Key, linked?.Token ?? abort));
        }
        catch (Exception e)
        {
            if (timeout is { IsCancellationRequested: true }) RuntimeMetrics.ReconcileTimeouts.Add(1, _tag);
            Fail(item, e);
            result = "error";
        }

        RuntimeMetrics.ReconcileTime.Record(_time.GetElapsedTime(started).TotalSeconds, _tag);
        RuntimeMetrics.ReconcileTotal.Add(1, _tag, new("result", result));
    }

    private string Follow(TKey key, Outcome outcome)
    {
        // Without it the failures of a key that fails now and then would pile up (controller-runtime#392).
        _queue.Forget(key);
        if (outcome.Due is { } due)
        {
            _queue.AddAt(key, due, outcome.Lane);
            return "requeue_after";
        }

        if (outcome.Delay is { } delay)
        {
            _queue.AddAfter(key, delay, outcome.Lane);
            return "requeue_after";
        }

        return "success";
    }

    private void Fail(WorkItem<TKey> item, Exception e)
    {
        RuntimeMetrics.ReconcileErrors.Add(1, _tag);
        if (e.IsNoBug)
        {
            LogFailed(Name, item.Key, e.Message);
        }
        else
        {
            RuntimeMetrics.ReconcilePanics.Add(1, _tag);
            LogBug(e, Name, item.Key);
        }

        _queue.AddRateLimited(item.Key, item.Lane, item.Lane == Lane.Urgent ? _options.UrgentMaxDelay : _options.MaxDelay);
    }

    private void InitialiseMetrics()
    {
        foreach (var result in Results) RuntimeMetrics.ReconcileTotal.Add(0, _tag, new("result", result));
        RuntimeMetrics.ReconcileErrors.Add(0, _tag);
        RuntimeMetrics.ReconcilePanics.Add(0, _tag);
        RuntimeMetrics.ReconcileTimeouts.Add(0, _tag);
        RuntimeMetrics.ActiveWorkers.Add(0, _tag);
        RuntimeMetrics.MaxConcurrent.Record(_options.UrgentWorkers + _options.Workers, _tag);
        _queue.InitialiseMetrics();
    }

    [LoggerMessage(LogLevel.Information, "Controller {Controller} started with {UrgentWorkers} urgent and {Workers} general workers")]
    private partial void LogStarted(string controller, int urgentWorkers, int workers);

    [LoggerMessage(LogLevel.Information, "Controller {Controller} stopped; nothing of it is under way any more")]
    private partial void LogStopped(string controller);

    [LoggerMessage(LogLevel.Warning, "Reconciliation of {Key} by {Controller} failed and is tried again: {Error}")]
    private partial void LogFailed(string controller, TKey key, string error);

    [LoggerMessage(LogLevel.Error, "Reconciliation of {Key} by {Controller} threw what it should not (a bug); it is tried again")]
    private partial void LogBug(Exception e, string controller, TKey key);
}
