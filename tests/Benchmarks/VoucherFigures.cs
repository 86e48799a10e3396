using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using BreakGlass.Core.Vouchers;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;

namespace Benchmarks;

/// <summary>What a voucher costs on the way to access, and how fast the end of an authority ends what rests on it.</summary>
internal sealed class VoucherFigures(BenchmarkCluster cluster, Report report)
{
    private const string PolicyName = "vouchers";
    private const string Duration = "30m";

    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private string _cluster = "";

    private enum Kind
    {
        /// <summary>By somebody who can log in; the credential is in a Secret.</summary>
        Secret,

        /// <summary>The same, and the credential is encrypted to a key, as the plugin requests it.</summary>
        Key,

        /// <summary>By a voucher; the credential is encrypted to the holder's key.</summary>
        Voucher,
    }

    public async Task MeasureAsync(CancellationToken cancellationToken)
    {
        _cluster = (await cluster.Admin.GetAsync<V1Namespace>("kube-system", null, cancellationToken)).Metadata.Uid!;
        var policy = BenchmarkCluster.Policy(PolicyName, SessionPath.Direct, BenchmarkCluster.Namespace);
        await cluster.Admin.CreateAsync(
            policy with { Spec = policy.Spec with { Vouchers = AVoucher.Terms with { MaxDuration = Duration } } }, cancellationToken);
        await WithAuthorityAsync(LatencyAsync, cancellationToken);
        await WithAuthorityAsync(CutAsync, cancellationToken);
        await cluster.Admin.DeleteAsync<BreakGlassPolicy>(PolicyName, null, DeleteOptions.Default, cancellationToken);
    }

    private async Task WithAuthorityAsync(Func<GrantWatch, CancellationToken, Task> measure, CancellationToken cancellationToken)
    {
        await cluster.Admin.CreateAsync(
            new BreakGlassAuthority { Metadata = new() { Name = OfflineDesk.Name }, Spec = new() { Keys = AVoucher.Desk.Keys } }, cancellationToken);
        await using (var process = await OperatorUnderTest.StartAsync(cluster, cancellationToken))
        await using (var grants = await GrantWatch.StartAsync(cluster.Admin, cancellationToken))
        {
            await measure(grants, cancellationToken);
            if (process.Complaints is [_, var second, ..] all) Progress.Say($"{all.Count} warnings in the operator's log, e.g. {second}");
        }

        await cluster.EmptyAsync(cancellationToken);
        await cluster.Admin.DeleteAsync<BreakGlassAuthority>(OfflineDesk.Name, null, DeleteOptions.Default, cancellationToken);
    }

    /// <summary>One grant of each kind in turn, so that what the machine does meanwhile slows all three.</summary>
    private async Task LatencyAsync(GrantWatch grants, CancellationToken cancellationToken)
    {
        var count = cluster.Options.Size(100);
        var kinds = Enum.GetValues<Kind>();
        Progress.Say("vouchers: warming up");
        foreach (var i in Enumerable.Range(0, 30)) await OneAsync(grants, kinds[i % kinds.Length], $"warm-{i}", cancellationToken);
        Progress.Say($"{count} grants by voucher, and as many without one, one at a time");
        var measured = kinds.ToDictionary(k => k, _ => new List<double>());
        for (var i = 0; i < count; i++)
        {
            foreach (var kind in kinds)
            {
                await Task.Delay(Quiet, TimeProvider.System, cancellationToken);
                measured[kind].Add(await OneAsync(grants, kind, $"one-{(int)kind}-{i}", cancellationToken));
            }
        }

        var (secret, key, voucher) = (new Samples(measured[Kind.Secret]), new Samples(measured[Kind.Key]), new Samples(measured[Kind.Voucher]));
        var ratio = voucher.P50 / key.P50;
        report.Add(new("voucher presented → Active, p50, one at a time, against a grant with a recipientKey", $"{Text.Ms(voucher.P50)}, {Text.Ratio(ratio)}",
            Text.Ms(key.P50), "≤ 1.2 ×", ratio <= 1.2));
        report.AddTable("Vouchers in detail", ["created → Active, one at a time", "p50", "p99", "max"],
        [
            Row("a grant whose credential is in a Secret", secret),
            Row("a grant with a recipientKey", key),
            Row("a grant by voucher", voucher),
        ]);
    }

    private async Task CutAsync(GrantWatch grants, CancellationToken cancellationToken)
    {
        var count = cluster.Options.Size(1000);
        Progress.Say($"{count} active grants by vouchers of one authority");
        var names = Enumerable.Range(0, count).Select(i => $"cut-{i}").ToList();

        // All uses of one authority are written into one object, so callers side by side would only make conflicts.
        foreach (var name in names) await OneAsync(grants, Kind.Voucher, name, cancellationToken);

        await using var gone = await GoneBindings.StartAsync(cluster.Admin, "cut-", cancellationToken);
        var began = TimeProvider.System.GetTimestamp();
        await cluster.Admin.MergePatchAsync<BreakGlassAuthority>(
            OfflineDesk.Name, null, new JsonObject { ["spec"] = new JsonObject { ["suspended"] = true } }, cancellationToken);
        await gone.UntilAsync(g => g.Access.Count >= count, Patience, cancellationToken);
        var cut = Samples.Since(began, gone.Access);
        var lost = count - gone.Access.Count;
        var proven = Samples.Since(began, await Task.WhenAll(names.Select(async name => (await grants.ProvenAsync(name, cancellationToken)).At)));
        report.Add(new($"authority suspended → all bindings that give access gone, {count} grants by its vouchers",
            $"{Text.Number(cut.Max / 1000, "s", 2)}, {lost} lost", "", "≤ 5 s, 0 lost", cut.Max <= 5000 && lost == 0));
        report.AddTable("The end of an authority in detail", ["since the authority was suspended", "p50", "p99", "max"],
        [
            Row("a binding that gives access is gone, as a watch saw it", cut),
            Row("a grant is proven to be over, as a watch saw it", proven),
        ]);
    }

    /// <summary>From the answer to the creation of a grant until its status Active is seen, in ms.</summary>
    private async Task<double> OneAsync(GrantWatch grants, Kind kind, string name, CancellationToken cancellationToken)
    {
        await cluster.Admin.CreateAsync(Grant(kind, name), cancellationToken);
        var answered = TimeProvider.System.GetTimestamp();
        var (seen, _) = await grants.ActiveAsync(name, cancellationToken);
        return TimeProvider.System.GetElapsedTime(answered, seen).TotalMilliseconds;
    }

    private BreakGlassGrant Grant(Kind kind, string name)
    {
        var grant = BenchmarkCluster.Grant(name, Duration, PolicyName);
        return kind switch
        {
            Kind.Secret => grant,
            Kind.Key => grant with { Spec = grant.Spec with { RecipientKey = VoucherKey.PublicJwk(AVoucher.Desk.Holder) } },
            _ => grant with { Spec = AVoucher.Spec(grant.Spec, name, _cluster, TimeProvider.System.GetUtcNow(), id: name) },
        };
    }

    private static IReadOnlyList<string> Row(string name, Samples s) => [name, Text.Ms(s.P50), Text.Ms(s.P99), Text.Ms(s.Max)];
}
