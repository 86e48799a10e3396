using BreakGlass.Core.Drills;

namespace BreakGlass.Cli.Drills.Chaos;

/// <summary>Deletes the Pod of the operator that leads, while the access of a run is open.</summary>
/// <param name="ns">The operator's namespace.</param>
internal sealed class KillLeader(string ns) : IChaosVariant
{
    public const string Word = "kill-leader";

    private const string LeaseName = "breakglass-operator";
    private const string NextLeads = "Another replica, or the replacement of the Pod, leads within 1m.";
    private const string RunEnds = "The next leader ends the run with the reason Interrupted.";
    private const string AccessEnds = "The grant is over, and the condition Revoked is True, within 1m after that.";

    private static readonly TimeSpan Hold = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);
    private static readonly ResourceType Pods = new("", "v1", "Pod", "pods", Namespaced: true);

    /// <inheritdoc/>
    public string Name => Word;

    /// <inheritdoc/>
    public string Does => $"it requests a run that keeps access open for {GoDuration.Format(Hold)}. Meanwhile it deletes the Pod of the operator that leads, "
        + "without a grace period. In the phase Hold, the operator only waits: it does not check that the access works all this time.";

    /// <inheritdoc/>
    public IReadOnlyList<string> Expects => [NextLeads, RunEnds, AccessEnds, ChaosFindings.NoBinding];

    /// <inheritdoc/>
    public string Undo => $"the Deployment creates another Pod: kubectl get pods -n {ns}";

    /// <inheritdoc/>
    public IReadOnlyList<V1ResourceAttributes> Needs(BreakGlassDrill drill) =>
    [
        // Which Pod leads when it is deleted is not known before.
        ChaosTools.Right("get", V1Lease.KubeGroup, "leases", ns, LeaseName), ChaosTools.Right("delete", "", "pods", ns),
        ChaosTools.Right("get", BreakGlassApi.Group, "breakglassdrills", name: drill.Metadata.Name), .. ChaosTools.Reading,
    ];

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ChaosOutcome>> RunAsync(ChaosTools tools, CancellationToken cancellationToken)
    {
        // Before anything else, because without a lease there is no leader to kill.
        await LeaseAsync(tools, cancellationToken);
        var run = await tools.RunAsync(
            Hold, r => r.Phases.Any(p => p is { Name: nameof(DrillStep.Hold), Result: DrillResult.Running }), cancellationToken);
        if (run.Result is not DrillResult.Running)
        {
            throw new CliException(ExitCodes.Error, $"the run ended before it kept access open, so nothing was deleted. {string.Join(' ', run.Failures)} "
                + $"Check the operator's version, and run the drill without --chaos first: kubectl breakglass drill run {tools.Drill}");
        }

        var before = await LeaseAsync(tools, cancellationToken);
        var pod = PodOf(before.HolderIdentity);
        if (pod.Length == 0) throw new CliException(ExitCodes.Error, "no replica leads at the moment, so nothing was deleted. Try again.");
        var killed = tools.Host.Time.GetTimestamp();
        if (!await tools.Client.DeleteAsync(Pods, pod, ns, new() { GracePeriodSeconds = 0 }, cancellationToken))
        {
            throw new CliException(ExitCodes.NotFound, $"Pod {ns}/{pod}, which the Lease names as the leader, does not exist, so nothing was deleted. The run "
                + "revokes its grant. The test needs Pods that do not use the host's network.");
        }

        await tools.Host.SayAsync($"Deleted Pod {ns}/{pod}, which led, while access was open. Waiting for the next leader.");
        return Judge(before, await WatchAsync(tools, run, before, killed, cancellationToken));
    }

    private static IReadOnlyList<ChaosOutcome> Judge(V1LeaseSpec before, KilledLeader seen)
    {
        var (run, grant) = (seen.Found.Run, seen.Found.Grant);
        var closed = seen.Closed is { } at ? $"access was open for {ChaosTools.Text(at)} after the leader was deleted" : "access is still open";
        return
        [
            new(NextLeads, seen.Led is { } led ? $"{seen.Holder} after {ChaosTools.Text(led)}" : $"{before.HolderIdentity} still holds the Lease",
                seen.Led is not null),
            new(RunEnds, seen.Found.Result, run is { Result: DrillResult.Failed, Reason: DrillReasons.Interrupted }),
            new(AccessEnds, seen.Proven is { } proven
                ? $"{closed}, and its end was proven after {ChaosTools.Text(proven)}" : $"{closed}; phase {grant?.Status.Phase}, the end is not proven",
                seen.Proven is not null),
            seen.Found.Left,
        ];
    }

    /// <summary>The identity of a leader is the host name, which is that of its Pod, and a random part.</summary>
    private static string PodOf(string? holder) => holder is null ? "" : holder.LastIndexOf('_') is > 0 and var end ? holder[..end] : holder;

    /// <summary>Looks once a second until all is as expected, or a time limit is over.</summary>
    private async Task<KilledLeader> WatchAsync(ChaosTools tools, DrillRun run, V1LeaseSpec before, long killed, CancellationToken cancellationToken)
    {
        var time = tools.Host.Time;
        var seen = new KilledLeader(new(run, null, []));
        for (;;)
        {
            try
            {
                seen = await LookAsync(tools, before, seen, () => time.GetElapsedTime(killed), cancellationToken);
            }
            catch (Exception e) when (Outages.IsTransient(e) && !cancellationToken.IsCancellationRequested)
            {
                // the next look may get an answer
            }

            if (seen.IsComplete || time.GetElapsedTime(killed) >= (seen.Led ?? TimeSpan.Zero) + Limit) return seen;
            await Task.Delay(Outages.Pause, time, cancellationToken);
        }
    }

    private async Task<KilledLeader> LookAsync(
        ChaosTools tools, V1LeaseSpec before, KilledLeader seen, Func<TimeSpan> since, CancellationToken cancellationToken)
    {
        var lease = seen.Led is null ? await LeaseAsync(tools, cancellationToken) : before;
        if (lease.HolderIdentity is { Length: > 0 } holder
            && (holder != before.HolderIdentity || lease.LeaseTransitions > before.LeaseTransitions)) seen = seen with { Led = since(), Holder = holder };
        var drill = await tools.Client.GetAsync<BreakGlassDrill>(tools.Drill, null, cancellationToken);
        var run = drill.Status.Runs.FirstOrDefault(r => r.Id == seen.Found.Run.Id) ?? seen.Found.Run;
        var found = await tools.FindAsync(run, cancellationToken);
        var isOver = found.Grant is null || (found.Grant.Status.IsTerminal && found.Bindings.Count == 0);
        var isProven = found.Grant is not null && isOver && Conditions.IsTrue(found.Grant.Status.Conditions, GrantConditions.Revoked);
        return seen with
        {
            Found = found,
            Closed = isOver ? seen.Closed ?? since() : null,
            Proven = isProven ? seen.Proven ?? since() : null,
        };
    }

    private async Task<V1LeaseSpec> LeaseAsync(ChaosTools tools, CancellationToken cancellationToken) =>
        (await tools.Client.TryGetAsync<V1Lease>(LeaseName, ns, cancellationToken))?.Spec
            ?? throw new CliException(ExitCodes.NotFound, $"Lease {ns}/{LeaseName} does not exist, so no replica leads. Name the operator's namespace with "
                + "--operator-namespace; the test needs an operator with leader election.");
}
