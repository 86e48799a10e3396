using Benchmarks;

// Figures from one run on a real control plane of its own. The comparison with the floor is what counts: absolute times are this machine's.
BenchOptions options;
try
{
    options = BenchOptions.Parse(args);
}
catch (ArgumentException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 2;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};

var load = Machine.Load;
Progress.Say("starting a control plane");
await using var cluster = await BenchmarkCluster.StartAsync(options, stop.Token);
var report = new Report();
if (options.Wants("latency")) await new Latency(cluster, report).MeasureAsync(stop.Token);
if (options.Wants("requests")) await new Requests(cluster, report).MeasureAsync(stop.Token);
if (options.Wants("expiry")) await new Expiry(cluster, report).MeasureAsync(stop.Token);
if (options.Wants("lockdown")) await new Lockdown(cluster, report).MeasureAsync(stop.Token);
if (options.Wants("size")) await new Footprint(cluster, report).MeasureAsync(stop.Token);
if (options.Wants("journal")) await new JournalFigures(cluster, report).MeasureAsync(stop.Token);
if (options.Wants(BenchOptions.Largest)) await new Largest(cluster, report).MeasureAsync(stop.Token);

var form = options.Operator.EndsWith(".dll", StringComparison.Ordinal) ? "framework-dependent Release build" : "published: trimmed, ReadyToRun, single file";
var rendered = report.Render(Machine.Describe(cluster.ServerVersion, form, load));
Console.WriteLine(rendered);
if (options.WriteTo is { } file)
{
    if (options.IsWhole) Report.Write(file, rendered);
    else Progress.Say("not written down: only a whole run at full size is");
}

return 0;
