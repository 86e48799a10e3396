namespace Benchmarks.Gateway;

/// <summary>What the gateway costs beside the API server itself, and how fast it closes what is open.</summary>
internal sealed class GatewayFigures(BenchmarkCluster cluster, Report report)
{
    public async Task MeasureAsync(CancellationToken cancellationToken)
    {
        await cluster.EmptyAsync(cancellationToken);
        await using (var run = await GatewayRun.StartAsync(cluster, cancellationToken))
        {
            var details = new List<IReadOnlyList<string>>();
            Progress.Say($"{Text.Number(run.Gateway.Memory(), "MB")} resident at the start");
            var streams = new StreamFigures(run, report);
            await streams.MemoryAsync("after the start", most: 120, cancellationToken);
            await new RequestFigures(run, report).MeasureAsync(details, cancellationToken);
            await streams.MemoryAsync("after all requests", most: null, cancellationToken);
            await streams.MeasureAsync(details, cancellationToken);
            report.AddTable("Gateway in detail", ["", "p50", "p99", "max"], details);
            if (run.Gateway.Complaints is [var first, ..] all) Progress.Say($"{all.Count} warnings in the gateway's log, e.g. {first}");
        }

        await cluster.EmptyAsync(cancellationToken);
    }

    /// <summary>A row of the table with details.</summary>
    public static IReadOnlyList<string> Row(string name, Samples s) => [name, Text.Ms(s.P50), Text.Ms(s.P99), Text.Ms(s.Max)];
}
