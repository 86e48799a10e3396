using System.Globalization;
using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using k8s.Models;

namespace Benchmarks;

/// <summary>How big the operator is with nothing and with a lot to look after, how fast it starts then, and what it does while nothing happens.</summary>
internal sealed class Footprint(BenchmarkCluster cluster, Report report)
{
    private const int Callers = 50;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(15);

    public async Task MeasureAsync(CancellationToken cancellationToken)
    {
        var (finished, active) = (cluster.Options.Size(9000), cluster.Options.Size(1000));
        var many =
            $"{(finished + active).ToString("N0", CultureInfo.InvariantCulture)} grants of which {active.ToString("N0", CultureInfo.InvariantCulture)} active";
        await cluster.EmptyAsync(cancellationToken);
        await using (var idle = await OperatorUnderTest.StartAsync(cluster, cancellationToken))
        {
            Progress.Say($"ready after {Text.Number(idle.StartToReady.TotalSeconds, "s", 2)} with no grants");
            await Task.Delay(Settling, TimeProvider.System, cancellationToken);
            var memory = idle.Memory();
            report.Add(new("resident memory, idle", Text.Number(memory, "MB"), "", "≤ 80 MB", memory <= 80));
            await AfterSomeAsync(idle, cancellationToken);
        }

        await cluster.EmptyAsync(cancellationToken);
        Progress.Say($"writing {finished} finished grants");
        await WriteFinishedAsync(finished, cancellationToken);
        double afterWork;
        await using (var busy = await OperatorUnderTest.StartAsync(cluster, cancellationToken))
        {
            Progress.Say($"{active} grants being activated");
            await ActivateAsync(active, cancellationToken);
            await Task.Delay(Settling, TimeProvider.System, cancellationToken);
            afterWork = busy.Memory();
            Progress.Say($"{Text.Number(afterWork, "MB")} resident after that, at most {Text.Number(busy.Memory("VmHWM"), "MB")}");
        }

        await using var again = await OperatorUnderTest.StartAsync(cluster, cancellationToken);
        var ready = again.StartToReady.TotalSeconds;
        report.Add(new($"start → ready with {finished + active:N0} grants", Text.Number(ready, "s", 2), "", "≤ 5 s", ready <= 5));
        await Task.Delay(2 * Settling, TimeProvider.System, cancellationToken);
        var restarted = again.Memory();
        var worse = Math.Max(restarted, afterWork);
        report.Add(new($"resident memory, {many}", Text.Number(worse, "MB"), "", "≤ 160 MB", worse <= 160));
        await IdleAsync(again, active, cancellationToken);
        report.AddTable("Memory in detail", ["with all grants", "resident", "at most"],
        [
            ["after activating the last of them", Text.Number(afterWork, "MB"), ""],
            ["after a restart", Text.Number(restarted, "MB"), Text.Number(again.Memory("VmHWM"), "MB")],
        ]);
    }

    /// <summary>What an operator that started empty keeps of a busy minute.</summary>
    private async Task AfterSomeAsync(OperatorUnderTest process, CancellationToken cancellationToken)
    {
        var (together, singly) = (cluster.Options.Size(300), cluster.Options.Size(40));
        Progress.Say($"{together} grants from {Callers} callers, then {singly} one at a time");
        await using (var watch = await GrantWatch.StartAsync(cluster.Admin, cancellationToken))
        {
            async Task OneAsync(string name)
            {
                await cluster.Admin.CreateAsync(BenchmarkCluster.Grant(name, "1h"), cancellationToken);
                await watch.ActiveAsync(name, cancellationToken);
            }

            var left = together;
            await Task.WhenAll(Enumerable.Range(0, Callers).Select(async _ =>
            {
                while (Interlocked.Decrement(ref left) is >= 0 and var number) await OneAsync($"together-{number}");
            }));
            for (var i = 0; i < singly; i++) await OneAsync($"singly-{i}");
        }

        await Task.Delay(Settling, TimeProvider.System, cancellationToken);
        var memory = process.Memory();
        report.Add(new($"resident memory after {together + singly} grants, {together} of them from {Callers} callers", Text.Number(memory, "MB"), "",
            "≤ 80 MB", memory <= 80));
    }

    private async Task IdleAsync(OperatorUnderTest process, int active, CancellationToken cancellationToken)
    {
        var span = TimeSpan.FromSeconds(cluster.Options.Quick ? 10 : 60);
        Progress.Say($"{span.TotalSeconds:0} s of nothing");
        var requests = await RequestsAsync(process, cancellationToken);
        var before = process.ProcessorTime;
        await Task.Delay(span, TimeProvider.System, cancellationToken);
        var used = process.ProcessorTime - before;
        var made = await RequestsAsync(process, cancellationToken) - requests;
        var percent = used / span * 100;
        report.Add(new($"CPU while nothing happens, {active:N0} active, {span.TotalSeconds:0} s",
            $"{used.TotalMilliseconds:0} ms ({Text.Number(percent, "%", 2)} of a core), {made:0} requests", "", "≈ 0", percent < 0.5));
    }

    private static Task<double> RequestsAsync(OperatorUnderTest process, CancellationToken cancellationToken) =>
        process.MetricAsync("rest_client_requests_total", cancellationToken);

    private async Task WriteFinishedAsync(int count, CancellationToken cancellationToken)
    {
        var entry = new AccessEntry { Name = "payments", RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = "edit" },
            Namespaces = [BenchmarkCluster.Namespace] };
        var target = new Target(entry.Name, entry.RoleRef, BenchmarkCluster.Namespace);
        var ended = Timestamp.Millis(TimeProvider.System.GetUtcNow() - TimeSpan.FromHours(1));
        await BenchmarkCluster.EachAsync(Enumerable.Range(0, count), async (i, ct) =>
        {
            var created = await cluster.Admin.CreateAsync(BenchmarkCluster.Grant($"finished-{i}", "30m"), ct);
            await cluster.Admin.ReplaceStatusAsync(created with { Status = FloorStatus.Over(created, entry, target, ended) }, ct);
        }, cancellationToken);
    }

    private async Task ActivateAsync(int count, CancellationToken cancellationToken)
    {
        await using var watch = await GrantWatch.StartAsync(cluster.Admin, cancellationToken);
        await BenchmarkCluster.EachAsync(Enumerable.Range(0, count), async (i, ct) =>
        {
            await cluster.Admin.CreateAsync(BenchmarkCluster.Grant($"active-{i}", "2h"), ct);
            await watch.ActiveAsync($"active-{i}", ct);
        }, cancellationToken);
    }
}
