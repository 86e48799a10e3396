using Benchmarks;
using Benchmarks.Gateway;

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
var (report, gateway) = (new Report("figures"), new Report("gateway"));
if (options.Wants("latency")) await new Latency(cluster, report).MeasureAsync(stop.Token);
if (options.Wants("requests")) await new Requests(cluster, report).MeasureAsync(stop.Token);
if (options.Wants("expiry")) await new Expiry(cluster, report).MeasureAsync(stop.Token);
if (options.Wants("lockdown")) await new Lockdown(cluster, report).MeasureAsync(stop.Token);
if (options.Wants("vouchers")) await new VoucherFigures(cluster, report).MeasureAsync(stop.Token);
if (options.Wants("size")) await new Footprint(cluster, report).MeasureAsync(stop.Token);
if (options.Wants("journal")) await new JournalFigures(cluster, report).MeasureAsync(stop.Token);
if (options.Wants("gateway")) await new GatewayFigures(cluster, gateway).MeasureAsync(stop.Token);
if (options.Wants(BenchOptions.Largest)) await new Largest(cluster, report).MeasureAsync(stop.Token);

var form = options.Operator.EndsWith(".dll", StringComparison.Ordinal) ? "framework-dependent Release build" : "published: trimmed, ReadyToRun, single file";
foreach (var (one, isKept) in new[] { (report, options.IsWhole), (gateway, !options.Quick) })
{
    if (one.IsEmpty) continue;
    var rendered = one.Render(Machine.Describe(cluster.ServerVersion, form, load));
    Console.WriteLine(rendered);
    if (options.WriteTo is not { } file) continue;
    if (isKept) one.Write(file, rendered);
    else Progress.Say("not written down: only a run at full size is, of everything or of the gateway alone");
}

return 0;
