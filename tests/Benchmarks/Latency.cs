using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;

namespace Benchmarks;

/// <summary>Measures the operator against the floor: floor, operator, floor again, each beginning with an empty cluster.</summary>
internal sealed class Latency(BenchmarkCluster cluster, Report report)
{
    private const int Concurrent = 50;

    // Grants of an incident come singly, to an operator that has nothing else to do: what still follows from the one before is over by then.
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(500);
    private static readonly string[] Parts = ["kube-apiserver", "etcd", "kube-controller-manager"];
    private readonly BenchOptions _options = cluster.Options;

    public async Task MeasureAsync(CancellationToken cancellationToken)
    {
        var floor = new Floor(cluster);
        var before = await RunAsync("floor", null, floor.ActivateAsync, cancellationToken);
        LatencyFigures measured;
        await using (var process = await OperatorUnderTest.StartAsync(cluster, cancellationToken))
        {
            measured = await RunAsync("operator", process, (_, _) => Task.CompletedTask, cancellationToken);
        }

        await cluster.EmptyAsync(cancellationToken);
        LatencyFigures journaled;
        await using (var process = await OperatorUnderTest.StartAsync(cluster, null, cancellationToken, await JournalAsync(cancellationToken)))
        {
            journaled = await RunAsync("operator journal", process, (_, _) => Task.CompletedTask, cancellationToken);
        }

        await cluster.EmptyAsync(cancellationToken);
        var after = await RunAsync("floor again", null, floor.ActivateAsync, cancellationToken);
        Add(measured, journaled, before, after, before.And(after));
    }

    /// <summary>The options for a journal that access waits for.</summary>
    private async Task<string[]> JournalAsync(CancellationToken cancellationToken)
    {
        var key = Path.Combine(cluster.Directory, "journal.key");
        await File.WriteAllTextAsync(key, SigningKey.Of("breakglass.example.com/bench", new byte[32]).ToSecretText(), cancellationToken);
        return [$"--journal-directory={Path.Combine(cluster.Directory, "journal")}", $"--journal-key={key}", "--journal-default=Required"];
    }

    private void Add(LatencyFigures measured, LatencyFigures journaled, LatencyFigures before, LatencyFigures after, LatencyFigures floor)
    {
        var serial = measured.OneAtATime.P50 / floor.OneAtATime.P50;
        var atOnce = measured.AtOnce.P99 / floor.AtOnce.P99;
        var throughput = measured.PerSecond / floor.PerSecond;
        report.Add(new("grant created → Active, p50, one at a time", $"{Text.Ms(measured.OneAtATime.P50)}, {Text.Ratio(serial)}",
            Text.Ms(floor.OneAtATime.P50), "≤ 1.3 ×", serial <= 1.3));
        report.Add(new($"grant created → Active, p99, {Concurrent} at once", $"{Text.Ms(measured.AtOnce.P99)}, {Text.Ratio(atOnce)}",
            Text.Ms(floor.AtOnce.P99), "≤ 1.5 ×", atOnce <= 1.5));
        report.Add(new($"activations per second, {_options.Size(300)} grants from {Concurrent} callers",
            $"{Text.Number(measured.PerSecond, "/s")}, {Text.Ratio(throughput)}",
            Text.Number(floor.PerSecond, "/s"), "≥ 0.5 ×", throughput >= 0.5));

        var journal = journaled.OneAtATime.P50 / measured.OneAtATime.P50;
        report.Add(new("the same p50 with a journal that access waits for, against the operator without one",
            $"{Text.Ms(journaled.OneAtATime.P50)}, {Text.Ratio(journal)}", Text.Ms(measured.OneAtATime.P50), "≤ 1.15 ×", journal <= 1.15));

        IReadOnlyList<string> Row(string name, LatencyFigures f) =>
        [
            name, Text.Ms(f.OneAtATime.P50), Text.Ms(f.OneAtATime.P99), Text.Ms(f.AtOnce.P50), Text.Ms(f.AtOnce.P99), Text.Ms(f.AtOnce.Max),
            Text.Number(f.PerSecond, "/s"),
        ];
        report.AddTable("Activation in detail", ["", "one: p50", "one: p99", "50: p50", "50: p99", "50: max", "throughput"],
            [Row("floor before", before), Row("operator", measured), Row("operator, journal required", journaled), Row("floor after", after)]);

        IReadOnlyList<string> Costs(string name, LatencyFigures f) => [name, .. f.ProcessorMs.Select(ms => Text.Number(ms))];
        report.AddTable("Processor time of one activation, in ms", ["", "operator", "measuring client", .. Parts],
            [Costs("floor before", before), Costs("operator", measured), Costs("operator, journal required", journaled), Costs("floor after", after)]);
    }

    private List<TimeSpan> ProcessorTimes(OperatorUnderTest? process) =>
        [process?.ProcessorTime ?? TimeSpan.Zero, Environment.CpuUsage.TotalTime, .. Parts.Select(cluster.ProcessorTime)];

    private async Task<LatencyFigures> RunAsync(
        string who, OperatorUnderTest? process, Func<BreakGlassGrant, CancellationToken, Task> activate, CancellationToken cancellationToken)
    {
        var prefix = who.Replace(' ', '-');
        var number = 0;
        await using var watch = await GrantWatch.StartAsync(cluster.Admin, cancellationToken);

        async Task<double> OneAsync(string group)
        {
            var created =
                await cluster.Admin.CreateAsync(BenchmarkCluster.Grant($"{prefix}-{group}-{Interlocked.Increment(ref number)}", "1h"), cancellationToken);
            var answered = TimeProvider.System.GetTimestamp();
            await activate(created, cancellationToken);
            var (seen, _) = await watch.ActiveAsync(created.Metadata.Name, cancellationToken);
            return TimeProvider.System.GetElapsedTime(answered, seen).TotalMilliseconds;
        }

        Progress.Say($"{who}: warming up");
        for (var i = 0; i < 2; i++) await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => OneAsync("warm")));
        var (used, warm) = (ProcessorTimes(process), number);
        Progress.Say($"{who}: {_options.Size(100)} grants one at a time");
        var serial = new List<double>();
        for (var i = 0; i < _options.Size(100); i++)
        {
            await Task.Delay(Quiet, TimeProvider.System, cancellationToken);
            serial.Add(await OneAsync("one"));
        }

        Progress.Say($"{who}: {_options.Size(6)} times {Concurrent} grants at once");
        var atOnce = new List<double>();
        for (var i = 0; i < _options.Size(6); i++) atOnce.AddRange(await Task.WhenAll(Enumerable.Range(0, Concurrent).Select(_ => OneAsync("burst"))));
        Progress.Say($"{who}: {_options.Size(300)} grants from {Concurrent} callers");
        var began = TimeProvider.System.GetTimestamp();
        var left = _options.Size(300);
        await Task.WhenAll(Enumerable.Range(0, Concurrent).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0) await OneAsync("many");
        }));
        var seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        var costs = ProcessorTimes(process).Zip(used, (now, then) => (now - then).TotalMilliseconds / (number - warm)).ToList();
        if (who.StartsWith("floor", StringComparison.Ordinal)) await cluster.EmptyAsync(cancellationToken);
        return new(new(serial), new(atOnce), _options.Size(300) / seconds, costs);
    }
}
