using System.Collections.Concurrent;
using BreakGlass.Core;
using BreakGlass.Core.Api;
using k8s.Models;
using Kube.Client;

namespace Benchmarks;

/// <summary>Lets many grants expire within one second and measures how long after its expiresAt each one's bindings are gone.</summary>
internal sealed class Expiry(BenchmarkCluster cluster, Report report)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private const int Callers = 8;

    /// <summary>The wall clock at which a watch saw a binding go; the server's own time of it is a little earlier.</summary>
    private readonly ConcurrentDictionary<string, DateTimeOffset> _goneAccess = new();
    private readonly ConcurrentDictionary<string, DateTimeOffset> _goneReader = new();

    public async Task MeasureAsync(CancellationToken cancellationToken)
    {
        var count = cluster.Options.Size(1000);
        await using var process = await OperatorUnderTest.StartAsync(cluster, cancellationToken);
        await using var grantWatch = await GrantWatch.StartAsync(cluster.Admin, cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watching = WatchBindingsAsync(await Follow.NowAsync<V1RoleBinding>(cluster.Admin, cancellationToken), stop.Token);

        var instant = await ChooseInstantAsync(grantWatch, count, cancellationToken);
        var before = await OwnLagAsync(process, cancellationToken);
        Progress.Say($"{count} grants that expire within the second after {instant:HH:mm:ss} UTC");
        var grants = await CreateAsync(grantWatch, count, instant, cancellationToken);
        var late = grants.Where(g => TimeProvider.System.GetUtcNow() >= g.Status.ExpiresAt).ToList();
        if (late.Count > 0) Progress.Say($"{late.Count} grants expired before the last was active: too slow a machine for this figure");

        var last = grants.Max(g => g.Status.ExpiresAt!.Value);
        Progress.Say($"all active, {Text.Number((last - TimeProvider.System.GetUtcNow()).TotalSeconds, "s")} left");
        await UntilAsync(() => grants.All(IsGone), last + Timeout, cancellationToken);
        if (watching.IsFaulted) await watching;
        await stop.CancelAsync();
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await AddAsync(process, before, grants, cancellationToken);
        foreach (var grant in grants) await grantWatch.SettledAsync(grant.Metadata.Name, cancellationToken);
        Progress.Say($"all proven {Text.Number((TimeProvider.System.GetUtcNow() - last).TotalSeconds, "s")} after the last expiry");
        if (process.Complaints is [_, var second, ..] all) Progress.Say($"{all.Count} warnings in the operator's log, e.g. {second}");
    }

    private async Task AddAsync(OperatorUnderTest process, OwnLag before, IReadOnlyList<BreakGlassGrant> grants, CancellationToken cancellationToken)
    {
        var spread = grants.Max(g => g.Status.ExpiresAt!.Value) - grants.Min(g => g.Status.ExpiresAt!.Value);
        var lost = grants.Count(g => !IsGone(g));
        var early = grants.Count(g => _goneAccess.TryGetValue(g.Metadata.Name, out var at) && at < g.Status.ExpiresAt);
        var access = Lags(grants, _goneAccess);
        var both = new Samples([.. grants.Where(IsGone).Select(g => Math.Max(Lag(g, _goneAccess), Lag(g, _goneReader)))]);
        var after = await OwnLagAsync(process, cancellationToken);
        var own = new OwnLag(after.Count - before.Count, after.WithinASecond - before.WithinASecond, after.Sum - before.Sum);
        report.Add(new($"expiresAt → bindings that give access gone, {grants.Count} grants within {Text.Number(spread.TotalSeconds, "s", 2)}, p99",
            $"{Text.Ms(access.P99)}, {lost} lost", "", "≤ 1 s, 0 lost", access.P99 <= 1000 && lost == 0));
        IReadOnlyList<string> Row(string name, Samples s) => [name, Text.Ms(s.P50), Text.Ms(s.P99), Text.Ms(s.Max)];
        report.AddTable("Expiry in detail", ["as a watch saw it", "p50", "p99", "max"],
        [
            Row("bindings that give access", access),
            Row("and the reader's binding of the credential", both),
            [$"the operator's own revocation_lag_seconds: {own.Count:0} grants, {own.WithinASecond:0} within 1 s",
                $"mean {Text.Ms(own.Sum / own.Count * 1000)}", "", ""],
        ]);
        if (early > 0) Progress.Say($"{early} bindings were gone before expiresAt");
    }

    private bool IsGone(BreakGlassGrant grant) => _goneAccess.ContainsKey(grant.Metadata.Name) && _goneReader.ContainsKey(grant.Metadata.Name);

    private static Samples Lags(IEnumerable<BreakGlassGrant> grants, ConcurrentDictionary<string, DateTimeOffset> gone) =>
        new([.. grants.Where(g => gone.ContainsKey(g.Metadata.Name)).Select(g => Lag(g, gone))]);

    private static double Lag(BreakGlassGrant grant, ConcurrentDictionary<string, DateTimeOffset> gone) =>
        (gone[grant.Metadata.Name] - grant.Status.ExpiresAt!.Value).TotalMilliseconds;

    /// <summary>Tries how fast grants become active here, and leaves twice the time that all of them will take.</summary>
    private async Task<DateTimeOffset> ChooseInstantAsync(GrantWatch watch, int count, CancellationToken cancellationToken)
    {
        const int Tries = 100;
        var began = TimeProvider.System.GetTimestamp();
        await BenchmarkCluster.EachAsync(Enumerable.Range(0, Tries), async (i, ct) =>
        {
            await cluster.Admin.CreateAsync(BenchmarkCluster.Grant($"expiry-warm-{i}", "1h"), ct);
            await watch.ActiveAsync($"expiry-warm-{i}", ct);
        }, cancellationToken);
        var needed = TimeProvider.System.GetElapsedTime(began) * count / Tries;

        // Taken back as a user would: with the operator running, nothing else may touch what it made.
        var warm = await cluster.Admin.ListAsync<BreakGlassGrant>(new(), cancellationToken);
        await BenchmarkCluster.EachAsync(
            warm.Items, (g, ct) => cluster.Admin.DeleteAsync<BreakGlassGrant>(g.Metadata.Name, null, DeleteOptions.Default, ct), cancellationToken);
        while ((await cluster.Admin.ListPageAsync<BreakGlassGrant>(new() { Limit = 1 }, cancellationToken)).Items.Count > 0)
        {
            await Task.Delay(Poll, TimeProvider.System, cancellationToken);
        }

        return Timestamp.Millis(TimeProvider.System.GetUtcNow() + 2 * needed + Margin);
    }

    private async Task<IReadOnlyList<BreakGlassGrant>> CreateAsync(GrantWatch watch, int count, DateTimeOffset instant, CancellationToken cancellationToken)
    {
        var active = new ConcurrentBag<BreakGlassGrant>();
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(async _ =>
        {
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                // Spread over 0.8 s; what passes until the operator records the grant comes on top and makes it about one.
                var due = instant + TimeSpan.FromMilliseconds(800.0 * i / count);
                var duration = GoDuration.Format(due - Timestamp.Millis(TimeProvider.System.GetUtcNow()));
                await cluster.Admin.CreateAsync(BenchmarkCluster.Grant($"expiry-{i}", duration), cancellationToken);
                active.Add((await watch.ActiveAsync($"expiry-{i}", cancellationToken)).Grant);
            }
        }));
        return [.. active];
    }

    private Task WatchBindingsAsync(string version, CancellationToken cancellationToken)
    {
        var there = new HashSet<(bool Reader, string Grant)>();
        void Gone((bool Reader, string Grant) binding)
        {
            there.Remove(binding);
            (binding.Reader ? _goneReader : _goneAccess)[binding.Grant] = TimeProvider.System.GetUtcNow();
        }

        static (bool Reader, string Grant) Of(V1RoleBinding binding) =>
            (binding.Metadata.NamespaceProperty == BenchmarkCluster.GrantsNamespace, binding.LabelsOrEmpty[BreakGlassApi.GrantLabel]);

        return Follow.RunAsync<V1RoleBinding>(cluster.Admin, $"{BreakGlassApi.ManagedByLabel}={BreakGlassApi.ManagedBy}", version,
            change =>
            {
                if (change.Type is WatchEventType.Deleted) Gone(Of(change.Object));
                else there.Add(Of(change.Object));
            },
            all =>
            {
                Progress.Say("changes of bindings were missed: some lags are seen too long");
                foreach (var binding in there.Except(all.Select(Of)).ToList()) Gone(binding);
            },
            cancellationToken);
    }

    private static async Task<OwnLag> OwnLagAsync(OperatorUnderTest process, CancellationToken cancellationToken)
    {
        const string Name = "breakglass_operator_revocation_lag_seconds";
        return new(
            await process.MetricAsync($"{Name}_count", cancellationToken),
            await process.MetricAsync($"{Name}_bucket{{le=\"1\"}}", cancellationToken),
            await process.MetricAsync($"{Name}_sum", cancellationToken));
    }

    private static async Task UntilAsync(Func<bool> reached, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        while (!reached() && TimeProvider.System.GetUtcNow() < deadline) await Task.Delay(Poll, TimeProvider.System, cancellationToken);
    }

    /// <summary>What the operator says of itself.</summary>
    private sealed record OwnLag(double Count, double WithinASecond, double Sum);
}
