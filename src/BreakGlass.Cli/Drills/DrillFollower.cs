using System.Security.Cryptography;
using BreakGlass.Cli.Grants;
using BreakGlass.Core.Drills;

namespace BreakGlass.Cli.Drills;

/// <summary>
/// Has the operator run a drill, and follows the run. The request is an annotation with a new value, which a tool that applies the drill's manifest does not
/// take away.
/// </summary>
/// <param name="host">The world around the command.</param>
/// <param name="client">The cluster.</param>
/// <param name="timeout">How long to wait for the end of the run; null for the usual time, and that until the grant expires if the drill waits for it.</param>
internal sealed class DrillFollower(CliHost host, KubeClient client, TimeSpan? timeout)
{
    private static readonly TimeSpan UsualTimeout = TimeSpan.FromMinutes(30);

    /// <summary>Prints each phase and the result of a run.</summary>
    public async Task<int> RunAsync(string name, CancellationToken cancellationToken)
    {
        var run = await RunAsync(name, hold: null, host.Out, _ => false, cancellationToken);
        foreach (var failure in run.Failures) await host.SayAsync(failure);
        await host.Out.WriteLineAsync(VisibleText.Line(DrillWords.End(name, run)));
        return run.Result is DrillResult.Passed ? ExitCodes.Ok : ExitCodes.Error;
    }

    /// <summary>Requests a run, and gives it as soon as it has ended or has come far enough.</summary>
    /// <param name="name">The drill.</param>
    /// <param name="hold">How long the run keeps access open; null for an ordinary run.</param>
    /// <param name="phases">Where each phase that is over is written.</param>
    /// <param name="isEnough">Whether the run has come far enough.</param>
    /// <param name="cancellationToken">Stops waiting. The run goes on.</param>
    /// <exception cref="CliException">The run did not come so far in time, or its drill was deleted.</exception>
    public async Task<DrillRun> RunAsync(
        string name, TimeSpan? hold, TextWriter phases, Func<DrillRun, bool> isEnough, CancellationToken cancellationToken)
    {
        var id = $"{Timestamp.Text(client.Now(host.Time))}-{RandomNumberGenerator.GetHexString(4, lowercase: true)}";
        var request = DrillHold.Request(id, hold);
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [BreakGlassApi.RunDrillAnnotation] = request } },
        };
        var drill = await client.MergePatchAsync<BreakGlassDrill>(name, null, patch, cancellationToken);
        var most = timeout ?? UsualTimeout + Expiry(drill.Spec);
        using var limit = new CancellationTokenSource(most, host.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await FollowAsync(drill, request, phases, isEnough, both.Token);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new CliException(ExitCodes.TimedOut, $"the run of drill '{name}' did not end within {GoDuration.Format(most)}. It goes on; see "
                + $"'kubectl breakglass drill report {name}'. If it did not begin, check the operator: kubectl get pods -n breakglass-system", e);
        }
    }

    /// <summary>How long a run waits until its grant expires; zero if it revokes the grant.</summary>
    private static TimeSpan Expiry(DrillSpec drill) =>
        drill.End is DrillEnd.Expire && GoDuration.TryParse(drill.Duration, out var duration) ? duration : TimeSpan.Zero;

    private async Task<DrillRun> FollowAsync(
        BreakGlassDrill drill, string request, TextWriter phases, Func<DrillRun, bool> isEnough, CancellationToken cancellationToken)
    {
        string? id = null;
        var (shown, saysWait) = (0, false);
        await foreach (var now in new Follower<BreakGlassDrill>(client, host.Time).FollowAsync(drill, cancellationToken))
        {
            if (now.Status.LastRequest != request) continue;
            id ??= now.Status.Runs.FirstOrDefault(r => r.Trigger is DrillTrigger.Manual)?.Id;
            if (now.Status.Runs.FirstOrDefault(r => r.Id == id) is not { } run) continue;
            var over = run.Phases.TakeWhile(p => p.Result is not DrillResult.Running).ToList();
            foreach (var phase in over.Skip(shown)) await phases.WriteLineAsync(VisibleText.Line(DrillWords.Phase(phase)));
            shown = Math.Max(shown, over.Count);
            if (!saysWait && run.Phases.FirstOrDefault(p => p is { Name: nameof(DrillStep.Expiry), Result: DrillResult.Running }) is { } wait)
            {
                // It takes minutes, so it is shown before it is over.
                saysWait = true;
                await phases.WriteLineAsync(VisibleText.Line(DrillWords.Phase(wait)));
            }

            if (run.Result is not DrillResult.Running || isEnough(run)) return run;
        }

        throw new CliException(
            ExitCodes.NotFound, $"drill '{drill.Metadata.Name}' was deleted before its run ended. The operator revokes what the run has opened.");
    }
}
