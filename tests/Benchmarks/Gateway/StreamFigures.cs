using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using Kube.Client;

namespace Benchmarks.Gateway;

/// <summary>Streams that are open: what they cost, and how long until all of them are closed when their grants end.</summary>
internal sealed class StreamFigures(GatewayRun run, Report report)
{
    private const string LockdownName = "bench-gateway";
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Streams of the figure that is being measured that were not closed.</summary>
    private int Lost { get; set; }

    public async Task MeasureAsync(List<IReadOnlyList<string>> details, CancellationToken cancellationToken)
    {
        await RevokedAsync(details, cancellationToken);
        await ExpiredAsync(details, cancellationToken);
        await LockedDownAsync(details, cancellationToken);
    }

    /// <summary>What the gateway's process takes while many streams are open.</summary>
    /// <param name="when">When that is.</param>
    /// <param name="most">The most megabytes to reach; null for none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task MemoryAsync(string when, double? most, CancellationToken cancellationToken)
    {
        var (watches, execs) = (run.Cluster.Options.Size(200), run.Cluster.Options.Size(100));
        Progress.Say($"{Text.Number(run.Gateway.Memory(), "MB")} resident before, {watches} watches and {execs} execs being opened");
        var holder = await run.HoldAsync($"gateway-memory-{when.Replace(' ', '-')}", "1h", cancellationToken);
        var open = await OpenAsync([holder], watches, execs, cancellationToken);
        await Task.Delay(Settling, TimeProvider.System, cancellationToken);
        var memory = run.Gateway.Memory();
        report.Add(new($"resident memory, {watches} watches and {execs} execs open, {when}", Text.Number(memory, "MB"), "",
            most is null ? "" : $"≤ {most} MB", most is null ? null : memory <= most));
        Progress.Say($"at most {Text.Number(run.Gateway.Memory("VmHWM"), "MB")} so far");
        await RevokeAsync(holder, cancellationToken);
        await ClosedAsync(open, cancellationToken);
    }

    private async Task RevokedAsync(List<IReadOnlyList<string>> details, CancellationToken cancellationToken)
    {
        var (rounds, half) = (run.Cluster.Options.Size(10), run.Cluster.Options.Size(50));
        Progress.Say($"{rounds} times: a grant with {2 * half} streams is revoked");
        List<double> watches = [], execs = [], seen = [];
        Lost = 0;
        for (var round = 0; round < rounds; round++)
        {
            var holder = await run.HoldAsync($"gateway-revoked-{round}", "1h", cancellationToken);
            var open = await OpenAsync([holder], half, half, cancellationToken);
            var began = TimeProvider.System.GetTimestamp();
            await RevokeAsync(holder, cancellationToken);
            var closed = await ClosedAsync(open, cancellationToken);
            var (visible, _) = await run.Grants.OverAsync(holder.Grant, cancellationToken);
            watches.AddRange(closed.Where(c => !c.Stream.IsExec).Select(c => Since(began, c.At.At)));
            execs.AddRange(closed.Where(c => c.Stream.IsExec).Select(c => Since(began, c.At.At)));
            seen.AddRange(closed.Select(c => Since(visible, c.At.At)));
        }

        Add($"revocation sent → the grant's {2 * half} streams closed, p99", new([.. watches, .. execs]), 250);
        details.Add(GatewayFigures.Row("revocation sent → a watch is closed at its client", new(watches)));
        details.Add(GatewayFigures.Row("revocation sent → an exec is closed at its client", new(execs)));
        details.Add(GatewayFigures.Row("the client's own watch has the revocation → a stream is closed", new(seen)));
    }

    private async Task ExpiredAsync(List<IReadOnlyList<string>> details, CancellationToken cancellationToken)
    {
        var (rounds, half) = (run.Cluster.Options.Quick ? 1 : 3, run.Cluster.Options.Size(50));
        Progress.Say($"{rounds} times: a grant with {2 * half} streams expires");
        var late = new List<double>();
        Lost = 0;
        for (var round = 0; round < rounds; round++)
        {
            var holder = await run.HoldAsync($"gateway-expired-{round}", "20s", cancellationToken);
            var open = await OpenAsync([holder], half, half, cancellationToken);
            if (open.Any(s => s.Closed.IsCompleted)) throw new InvalidOperationException("20 s are too short on this machine to open the streams.");
            late.AddRange((await ClosedAsync(open, cancellationToken)).Select(c => (c.At.Time - holder.ExpiresAt).TotalMilliseconds));
        }

        Add($"expiresAt → the grant's {2 * half} streams closed, p99", new(late), 250);
        details.Add(GatewayFigures.Row("expiresAt → a stream is closed at its client", new(late)));
    }

    private async Task LockedDownAsync(List<IReadOnlyList<string>> details, CancellationToken cancellationToken)
    {
        var (grants, streams) = (run.Cluster.Options.Size(200), run.Cluster.Options.Size(500));
        Progress.Say($"{grants} grants with {streams} streams, then a lockdown");
        Lost = 0;
        var holders = new GrantHolder[grants];
        await BenchmarkCluster.EachAsync(Enumerable.Range(0, grants), async (i, ct) =>
            holders[i] = await run.HoldAsync($"gateway-lockdown-{i}", "1h", ct), cancellationToken);
        var open = await OpenAsync(holders, streams - grants, grants, cancellationToken);
        await Task.Delay(Settling, TimeProvider.System, cancellationToken);
        Progress.Say($"{Text.Number(run.Gateway.Memory(), "MB")} resident");
        var began = TimeProvider.System.GetTimestamp();
        await run.Cluster.Admin.CreateAsync(
            new BreakGlassLockdown { Metadata = new() { Name = LockdownName }, Spec = new() { Reason = "a token leaked" } }, cancellationToken);
        var closed = await ClosedAsync(open, cancellationToken);
        var ended = new Dictionary<string, long>();
        foreach (var holder in holders) ended[holder.Grant] = (await run.Grants.OverAsync(holder.Grant, cancellationToken)).At;
        await run.Cluster.Admin.DeleteAsync<BreakGlassLockdown>(LockdownName, null, DeleteOptions.Default, cancellationToken);

        var whole = new Samples([.. closed.Select(c => Since(began, c.At.At))]);
        report.Add(new($"lockdown created → all {streams} streams of {grants} grants closed",
            $"{Text.Number(whole.Max / 1000, "s", 2)}, {Lost} lost", "", "≤ 1 s, 0 lost", whole.Max <= 1000 && Lost == 0));
        var seen = new Samples([.. ended.Values.Select(at => Since(began, at))]);
        details.Add(GatewayFigures.Row("lockdown created → the client's own watch has the end of a grant", seen));
        details.Add(GatewayFigures.Row("lockdown created → a stream is closed", whole));
    }

    private void Add(string name, Samples samples, double most) => report.Add(
        new(name, $"{Text.Ms(samples.P99)}, {Lost} lost", "", $"≤ {Text.Number(most, "ms", 0)}, 0 lost", samples.P99 <= most && Lost == 0));

    private static async Task<List<OpenStream>> OpenAsync(
        IReadOnlyList<GrantHolder> holders, int watches, int execs, CancellationToken cancellationToken)
    {
        var open = new OpenStream[watches + execs];
        await BenchmarkCluster.EachAsync(Enumerable.Range(0, open.Length), async (i, ct) =>
        {
            var holder = holders[i % holders.Count];
            open[i] = i < execs ? await OpenStream.ExecAsync(holder, ct) : await OpenStream.WatchAsync(holder, ct);
        }, cancellationToken);
        return [.. open];
    }

    /// <summary>Those that are closed within the patience; the others are counted as lost.</summary>
    private async Task<List<(OpenStream Stream, Closing At)>> ClosedAsync(List<OpenStream> open, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(open.Select(s => s.Closed)).WaitAsync(Patience + Patience, TimeProvider.System, cancellationToken);
        }
        catch (TimeoutException)
        {
            var left = open.Count(s => !s.Closed.IsCompleted);
            Progress.Say($"{left} streams are still open");
            Lost += left;
        }

        List<(OpenStream Stream, Closing At)> closed = [];
        foreach (var stream in open.Where(s => s.Closed.IsCompleted)) closed.Add((stream, (await stream.Closed).At));
        return closed;
    }

    private Task RevokeAsync(GrantHolder holder, CancellationToken cancellationToken) => run.Cluster.Admin.MergePatchAsync<BreakGlassGrant>(
        holder.Grant, null, new() { ["spec"] = new JsonObject { ["revoke"] = new JsonObject { ["reason"] = "done" } } },
        cancellationToken);

    private static double Since(long began, long at) => TimeProvider.System.GetElapsedTime(began, at).TotalMilliseconds;
}
