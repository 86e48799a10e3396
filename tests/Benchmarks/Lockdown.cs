using System.Collections.Concurrent;
using BreakGlass.Core.Api;
using k8s.Models;
using Kube.Client;

namespace Benchmarks;

/// <summary>The kill switch: many active grants, one lockdown, and how long until all their bindings are gone and all their tokens are proven dead.</summary>
internal sealed class Lockdown(BenchmarkCluster cluster, Report report)
{
    private const string Name = "bench";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <summary>When a watch saw a binding go, those that give access and those that let the credential be read.</summary>
    private readonly ConcurrentDictionary<(bool Reader, string Grant), long> _gone = new();

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
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watching = WatchBindingsAsync(await Follow.NowAsync<V1RoleBinding>(cluster.Admin, cancellationToken), stop.Token);
        var began = TimeProvider.System.GetTimestamp();
        await cluster.Admin.CreateAsync(
            new BreakGlassLockdown { Metadata = new() { Name = Name }, Spec = new() { Reason = "a token leaked" } }, cancellationToken);

        var proven = Since(began, await Task.WhenAll(names.Select(async name => (await grants.ProvenAsync(name, cancellationToken)).At)));
        var complete = await CompletedAsync(began, cancellationToken);
        while (_gone.Count < 2 * names.Count && !watching.IsFaulted && TimeProvider.System.GetElapsedTime(began) < Patience)
            await Task.Delay(Poll, TimeProvider.System, cancellationToken);
        if (watching.IsFaulted) await watching;
        var lost = 2 * names.Count - _gone.Count;
        var cut = Since(began, _gone.Where(g => !g.Key.Reader).Select(g => g.Value));
        var all = Since(began, _gone.Values);
        var settled = Since(began, await Task.WhenAll(names.Select(async name => (await grants.SettledAsync(name, cancellationToken)).At)));
        await stop.CancelAsync();
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

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

    private static Samples Since(long began, IEnumerable<long> at) => new([.. at.Select(a => TimeProvider.System.GetElapsedTime(began, a).TotalMilliseconds)]);

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

    private Task WatchBindingsAsync(string version, CancellationToken cancellationToken)
    {
        static bool IsOurs(V1RoleBinding binding) =>
            binding.LabelsOrEmpty.TryGetValue(BreakGlassApi.GrantLabel, out var grant) && grant.StartsWith("lockdown-", StringComparison.Ordinal);
        static (bool Reader, string Grant) Of(V1RoleBinding binding) =>
            (binding.Metadata.NamespaceProperty == BenchmarkCluster.GrantsNamespace, binding.LabelsOrEmpty[BreakGlassApi.GrantLabel]);
        return Follow.RunAsync<V1RoleBinding>(cluster.Admin, $"{BreakGlassApi.ManagedByLabel}={BreakGlassApi.ManagedBy}", version,
            change =>
            {
                if (change.Type is WatchEventType.Deleted && IsOurs(change.Object)) _gone.TryAdd(Of(change.Object), TimeProvider.System.GetTimestamp());
            },
            _ => throw new InvalidOperationException("changes of bindings were missed: too slow a machine for this figure; run it again"),
            cancellationToken);
    }
}
