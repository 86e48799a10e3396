using BreakGlass.Core.Api;
using Kube.Client;

namespace Benchmarks;

/// <summary>The kill switch: many active grants, one lockdown, and how long until all their bindings are gone and all their tokens are proven dead.</summary>
internal sealed class Lockdown(BenchmarkCluster cluster, Report report)
{
    private const string Name = "bench";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    public async Task MeasureAsync(CancellationToken cancellationToken)
    {
        var count = cluster.Options.Size(1000);
        await using (var process = await OperatorUnderTest.StartAsync(cluster, cancellationToken))
        await using (var grants = await GrantWatch.StartAsync(cluster.Admin, cancellationToken))
        {
            Progress.Say($"{count} active grants");
            var names = Enumerable.Range(0, count).Select(i => $"lockdown-{i}").ToList();
            await BenchmarkCluster.EachAsync(names, async (name, ct) =>
            {
                await cluster.Admin.CreateAsync(BenchmarkCluster.Grant(name, "1h"), ct);
                await grants.ActiveAsync(name, ct);
            }, cancellationToken);
            await MeasureAsync(grants, names, cancellationToken);
            await cluster.Admin.DeleteAsync<BreakGlassLockdown>(Name, null, DeleteOptions.Default, cancellationToken);
            if (process.Complaints is [_, var second, ..] all) Progress.Say($"{all.Count} warnings in the operator's log, e.g. {second}");
        }

        await cluster.EmptyAsync(cancellationToken);
    }

    private async Task MeasureAsync(GrantWatch grants, List<string> names, CancellationToken cancellationToken)
    {
        await using var gone = await GoneBindings.StartAsync(cluster.Admin, "lockdown-", cancellationToken);
        var began = TimeProvider.System.GetTimestamp();
        await cluster.Admin.CreateAsync(
            new BreakGlassLockdown { Metadata = new() { Name = Name }, Spec = new() { Reason = "a token leaked" } }, cancellationToken);

        var proven = Samples.Since(began, await Task.WhenAll(names.Select(async name => (await grants.ProvenAsync(name, cancellationToken)).At)));
        var complete = await CompletedAsync(began, cancellationToken);
        await gone.UntilAsync(g => g.All.Count >= 2 * names.Count, Patience, cancellationToken);
        var lost = 2 * names.Count - gone.All.Count;
        var (cut, all) = (Samples.Since(began, gone.Access), Samples.Since(began, gone.All));
        var settled = Samples.Since(began, await Task.WhenAll(names.Select(async name => (await grants.SettledAsync(name, cancellationToken)).At)));

        report.Add(new($"lockdown created → all bindings that give access gone, {names.Count} grants", $"{Text.Number(cut.Max / 1000, "s", 2)}, {lost} lost",
            "", "≤ 5 s, 0 lost", cut.Max <= 5000 && lost == 0));
        report.Add(new($"lockdown created → all tokens of {names.Count} grants proven dead", Text.Number(proven.Max / 1000, "s", 2), "", "≤ 20 s",
            proven.Max <= 20_000));
        report.AddTable("Lockdown in detail", ["since the lockdown was created", "p50", "p99", "max"],
        [
            Row("a binding that gives access is gone, as a watch saw it", cut),
            Row("a grant is proven to be over, as a watch saw it", proven),
            ["the lockdown's own status says Complete", "", "", Text.Ms(complete)],
            Row("what could do no harm any more is gone: the readers' bindings of the credentials", all),
            Row("and a grant has no finalizer any more", settled),
        ]);
    }

    private static IReadOnlyList<string> Row(string name, Samples s) => [name, Text.Ms(s.P50), Text.Ms(s.P99), Text.Ms(s.Max)];

    private async Task<double> CompletedAsync(long began, CancellationToken cancellationToken)
    {
        while (TimeProvider.System.GetElapsedTime(began) < Patience)
        {
            if ((await cluster.Admin.GetAsync<BreakGlassLockdown>(Name, null, cancellationToken)).Status.CompletedAt is not null)
                return TimeProvider.System.GetElapsedTime(began).TotalMilliseconds;
            await Task.Delay(Poll, TimeProvider.System, cancellationToken);
        }

        return double.NaN;
    }
}
