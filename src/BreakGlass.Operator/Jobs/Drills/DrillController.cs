using BreakGlass.Core.Drills;

namespace BreakGlass.Operator.Jobs.Drills;

/// <summary>
/// Runs drills, and keeps their statuses. A run is in the status before its grant is requested, so that whoever leads next finds and ends it; a grant of a
/// drill that no run uses is revoked.
/// </summary>
internal sealed class DrillController(DrillTools tools, Announcer announcer, WorkQueue<string> queue, ILogger logger) : IEntityController<BreakGlassDrill>,
    IDisposable
{
    private const int AtOnce = 4;

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, string> _inHand = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task> _runs = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _places = new(AtOnce);
    private readonly CancellationTokenSource _stopping = new();
    private CancellationToken _lost;
    private readonly List<IDisposable> _handlers = [];

    /// <summary>Has drills processed when they or their grants change.</summary>
    public void Connect()
    {
        _handlers.Add(tools.Caches.Drills.AddHandler(c =>
        {
            // What we wrote ourselves comes back by the watch.
            if (!c.IsSameVersion || c.IsInitialList) queue.Add(c.Object.Metadata.Name);
        }));
        _handlers.Add(tools.Caches.Grants.AddHandler(c =>
        {
            if (DrillLifecycle.IsToRevoke(c.Object, tools.Settings) && DrillRules.NamedBy(c.Object) is { } drill) queue.Add(drill);
        }));
    }

    /// <summary>Waits until it is to stop, then lets the runs that go on revoke what they have opened.</summary>
    /// <param name="cancellationToken">Stops it in order.</param>
    /// <param name="lost">The lease is lost: nothing is revoked, because another process leads.</param>
    public async Task RunAsync(CancellationToken cancellationToken, CancellationToken lost)
    {
        _lost = lost;
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (cancellationToken.Register(() => stop.TrySetResult())) await stop.Task;
        await _stopping.CancelAsync();
        await Task.WhenAll(_runs.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public async Task<ReconciliationResult<BreakGlassDrill>> ReconcileAsync(BreakGlassDrill entity, CancellationToken cancellationToken)
    {
        var (drill, name) = (entity, entity.Metadata.Name);
        var plan = DrillLifecycle.Decide(new()
        {
            Now = tools.Time.GetUtcNow(),
            Settings = tools.Settings,
            Drill = drill,
            Policy = tools.Caches.Policy(drill.Spec.Policy),
            Grants = tools.Caches.Grants.Store.ByIndex(ClusterCaches.ByDrill, name),
            InHand = _inHand.GetValueOrDefault(name),
        });
        if (_stopping.IsCancellationRequested) return ReconciliationResult<BreakGlassDrill>.Success(drill);
        var next = drill with { Status = plan.Status };
        if (!KubeKinds.Same(drill, next))
        {
            drill = await tools.Client.ReplaceStatusAsync(next, cancellationToken);
            tools.Caches.Learn(drill);
        }

        foreach (var run in plan.Ended) Announce(drill, run);
        if (plan.Start is { } start) Begin(drill, start);
        await RevokeAsync(plan.Revoke, cancellationToken);
        return ReconciliationResult<BreakGlassDrill>.Success(drill, plan.LookAgainAt, Lane.Background);
    }

    /// <inheritdoc/>
    public async Task<ReconciliationResult<BreakGlassDrill>> DeletedAsync(string name, CancellationToken cancellationToken)
    {
        var left = tools.Caches.Grants.Store.ByIndex(ClusterCaches.ByDrill, name).Where(g => DrillLifecycle.IsToRevoke(g, tools.Settings)).ToList();
        await RevokeAsync([.. left.Select(g => g.Metadata.Name)], cancellationToken);
        return ReconciliationResult<BreakGlassDrill>.Success(null, left.Count > 0 ? Retry : null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var handler in _handlers) handler.Dispose();
        _places.Dispose();
        _stopping.Dispose();
    }

    private void Begin(BreakGlassDrill drill, DrillRun run)
    {
        var name = drill.Metadata.Name;
        if (!_inHand.TryAdd(name, run.Id)) return;
        _runs[name] = RunAsync(drill, run, _stopping.Token);
    }

    private async Task RunAsync(BreakGlassDrill drill, DrillRun run, CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            await _places.WaitAsync(cancellationToken);
            try
            {
                await CarryOutAsync(drill, run, cancellationToken);
            }
            finally
            {
                _places.Release();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Whoever leads next finds the run in the status, and ends it.
        }
        catch (Exception e)
        {
            logger.DrillBroken(drill.Metadata.Name, e);
        }
        finally
        {
            _inHand.TryRemove(drill.Metadata.Name, out _);
            queue.Add(drill.Metadata.Name);
        }
    }

    private async Task CarryOutAsync(BreakGlassDrill drill, DrillRun run, CancellationToken cancellationToken)
    {
        using var course = new DrillCourse(tools, drill, run);
        var progress = new DrillProgress(run, drill.Spec.Targets);
        var writing = Task.CompletedTask;
        try
        {
            while (progress.Next is { } step)
            {
                progress = progress.Begin(step, tools.Time.GetUtcNow());

                // Beside the step: what it measures is not the time of this write. The plugin shows the phases that wait while they last.
                if (step is DrillStep.Hold or DrillStep.Expiry) writing = WriteAsync(writing, drill, progress.Run, cancellationToken);
                else if (writing.IsCompleted) writing = TryWriteAsync(drill, progress.Run, cancellationToken);
                progress = progress.After(step, await DoAsync(course, drill, step, cancellationToken), tools.Time.GetUtcNow());
            }
        }
        catch (OperationCanceledException) when (progress.MayBeOpen)
        {
            using var patience = new CancellationTokenSource(LastPatience, tools.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _lost);
            await course.DoAsync(DrillStep.Revocation, either.Token);
            throw;
        }
        finally
        {
            await writing;
        }

        var finished = progress.Finish(tools.Time.GetUtcNow());
        await WriteAsync(Task.CompletedTask, drill, finished, cancellationToken);
        Announce(drill, finished);
    }

    private async Task<DrillAnswer> DoAsync(DrillCourse course, BreakGlassDrill drill, DrillStep step, CancellationToken cancellationToken)
    {
        try
        {
            return await course.DoAsync(step, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            logger.DrillBroken(drill.Metadata.Name, e);
            return DrillAnswer.Failed(DrillReasons.ServerError, $"an unexpected error ({e.GetType().Name}); see the operator's log");
        }
    }

    /// <summary>Writes how far a run has come, after an earlier write, and tries again until it is written.</summary>
    private async Task WriteAsync(Task earlier, BreakGlassDrill drill, DrillRun run, CancellationToken cancellationToken)
    {
        await earlier;
        while (!await TryWriteAsync(drill, run, cancellationToken)) await Task.Delay(Retry, tools.Time, cancellationToken);
    }

    /// <summary>Writes how far a run has come; false if it is to be tried again.</summary>
    private async Task<bool> TryWriteAsync(BreakGlassDrill drill, DrillRun run, CancellationToken cancellationToken)
    {
        try
        {
            if (await tools.Client.TryGetAsync<BreakGlassDrill>(drill.Metadata.Name, null, cancellationToken) is not { } now
                || now.Metadata.Uid != drill.Metadata.Uid) return true;
            var status = DrillLifecycle.WithRun(now, now.Status, run, tools.Time.GetUtcNow());
            tools.Caches.Learn(await tools.Client.ReplaceStatusAsync(now with { Status = status }, cancellationToken));
            return true;
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException or KubeConfigException)
        {
            return false;
        }
    }

    private async Task RevokeAsync(IReadOnlyList<string> grants, CancellationToken cancellationToken)
    {
        if (grants.Count == 0) return;
        using var requester = new DrillIdentity(tools.Client, tools.Settings.OperatorNamespace, DrillRules.Requester, tools.Time);
        var client = await requester.ClientAsync(cancellationToken);
        var patch = new JsonObject { ["spec"] = new JsonObject { ["revoke"] = new JsonObject { ["reason"] = "No run of the drill uses this grant." } } };
        foreach (var grant in grants)
        {
            if (await client.TryGetAsync<BreakGlassGrant>(grant, null, cancellationToken) is not { } now || !DrillLifecycle.IsToRevoke(now, tools.Settings))
                continue;
            await client.MergePatchAsync<BreakGlassGrant>(grant, null, patch, cancellationToken);
        }
    }

    private void Announce(BreakGlassDrill drill, DrillRun run)
    {
        tools.Metrics.DrillEnded(drill.Metadata.Name, run);
        announcer.Announce(drill, DrillLifecycle.EventOf(run));
    }
}
