namespace Kube.Runtime;

/// <summary>
/// Runs an <see cref="IEntityController{TEntity}"/> over the names in a queue. For each name the loop reads the entity from the cache and calls the
/// controller. It logs and counts what the controller throws, and queues the name again with a back-off, without limit.
/// </summary>
/// <param name="queue">The names to reconcile. The loop has the queue's name in logs and metrics, and shuts the queue down when it stops.</param>
/// <param name="find">Reads an entity from the cache by its name; null if it is not there.</param>
/// <param name="controller">The work.</param>
/// <param name="options">Numbers of workers, limits.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Log.</param>
public sealed partial class ControllerLoop<TEntity>(
    WorkQueue<string> queue, Func<string, TEntity?> find, IEntityController<TEntity> controller, ControllerOptions options, TimeProvider time,
    ILogger logger)
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private static readonly string[] Results = ["success", "error", "requeue", "requeue_after"];

    private readonly KeyValuePair<string, object?> _tag = new("controller", queue.Name);
    private readonly ControllerOptions _options = Checked(options);

    /// <summary>
    /// Works until cancelled. Then it takes no further name, lets the runs in progress finish within
    /// <see cref="ControllerOptions.StopTimeout"/>, and returns. Start it when the caches are synced.
    /// </summary>
    /// <param name="cancellationToken">Stops it in order.</param>
    /// <param name="atOnce">Cancels the runs in progress as well.</param>
    public async Task RunAsync(CancellationToken cancellationToken, CancellationToken atOnce = default)
    {
        InitialiseMetrics();
        LogStarted(queue.Name, _options.UrgentWorkers, _options.Workers);
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
        queue.ShutDown();
        using var timer = time.CreateTimer(
            static state => ((CancellationTokenSource)state!).Cancel(), abort, ControllerOptions.StopTimeout, Timeout.InfiniteTimeSpan);
        await workers;
        LogStopped(queue.Name);
    }

    private async Task WorkAsync(Lane slowestLane, CancellationToken abort, CancellationToken stop)
    {
        // Leave the caller's thread before the first name, so that all workers start.
        await Task.Yield();
        try
        {
            while (await queue.GetAsync(slowestLane, stop) is { } item)
            {
                RuntimeMetrics.ActiveWorkers.Add(1, _tag);
                try
                {
                    await RunOneAsync(item, abort);
                }
                finally
                {
                    queue.Done(item.Key);
                    RuntimeMetrics.ActiveWorkers.Add(-1, _tag);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task RunOneAsync(WorkItem<string> item, CancellationToken abort)
    {
        using var scope = logger.BeginScope(new KeyValuePair<string, object?>[]
        {
            _tag, new("key", item.Key), new("reconcileID", Guid.NewGuid()),
        });
        var started = time.GetTimestamp();
        string result;
        try
        {
            result = Follow(item.Key, await ReconcileAsync(item.Key, abort));
        }
        catch (Exception e)
        {
            Fail(item, e);
            result = "error";
        }

        RuntimeMetrics.ReconcileTime.Record(time.GetElapsedTime(started).TotalSeconds, _tag);
        RuntimeMetrics.ReconcileTotal.Add(1, _tag, new("result", result));
    }

    private Task<ReconciliationResult<TEntity>> ReconcileAsync(string name, CancellationToken cancellationToken) =>
        find(name) is { } entity ? controller.ReconcileAsync(entity, cancellationToken) : controller.DeletedAsync(name, cancellationToken);

    private string Follow(string name, ReconciliationResult<TEntity> result)
    {
        // Otherwise the failures of a name that fails now and then would add up (controller-runtime#392).
        queue.Forget(name);
        if (result.RequeueAt is { } due)
        {
            queue.AddAt(name, due, result.Lane);
            return "requeue_after";
        }

        if (result.RequeueAfter is { } delay)
        {
            queue.AddAfter(name, delay, result.Lane);
            return "requeue_after";
        }

        return "success";
    }

    private void Fail(WorkItem<string> item, Exception e)
    {
        RuntimeMetrics.ReconcileErrors.Add(1, _tag);
        if (e.IsNoBug)
        {
            LogFailed(queue.Name, item.Key, e.Message);
        }
        else
        {
            RuntimeMetrics.ReconcilePanics.Add(1, _tag);
            LogBug(e, queue.Name, item.Key);
        }

        queue.AddRateLimited(item.Key, item.Lane, item.Lane == Lane.Urgent ? ControllerOptions.UrgentMaxDelay : _options.MaxDelay);
    }

    private static ControllerOptions Checked(ControllerOptions options) =>
        options is { UrgentWorkers: >= 0, Workers: >= 1 } ? options : throw new ArgumentOutOfRangeException(
            nameof(options), "a controller needs at least one general worker, and the number of urgent workers must not be negative");

    private void InitialiseMetrics()
    {
        foreach (var result in Results) RuntimeMetrics.ReconcileTotal.Add(0, _tag, new("result", result));
        RuntimeMetrics.ReconcileErrors.Add(0, _tag);
        RuntimeMetrics.ReconcilePanics.Add(0, _tag);
        RuntimeMetrics.ActiveWorkers.Add(0, _tag);
        RuntimeMetrics.MaxConcurrent.Record(_options.UrgentWorkers + _options.Workers, _tag);
        queue.InitialiseMetrics();
    }

    [LoggerMessage(LogLevel.Information, "Controller {Controller} started with {UrgentWorkers} urgent and {Workers} general workers")]
    private partial void LogStarted(string controller, int urgentWorkers, int workers);

    [LoggerMessage(LogLevel.Information, "Controller {Controller} stopped; no reconciliation is in progress")]
    private partial void LogStopped(string controller);

    [LoggerMessage(LogLevel.Warning, "Reconciliation of {Key} by {Controller} failed and will be retried: {Error}")]
    private partial void LogFailed(string controller, string key, string error);

    [LoggerMessage(LogLevel.Error, "Reconciliation of {Key} by {Controller} threw an unexpected exception (a bug) and will be retried")]
    private partial void LogBug(Exception e, string controller, string key);
}
