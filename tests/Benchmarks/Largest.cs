using System.Globalization;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using k8s.Models;

namespace Benchmarks;

/// <summary>
/// Whether as many grants as the operator is made for, each as large as admission lets through, fit into its container: they wait for approval, because a
/// grant that is
/// over is kept in small.
/// </summary>
internal sealed class Largest(BenchmarkCluster cluster, Report report)
{
    private const string Policy = "largest";
    private const int Container = 256;
    private const int Namespaces = 256;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    public async Task MeasureAsync(CancellationToken cancellationToken)
    {
        var count = cluster.Options.Size(10_000);
        await cluster.EmptyAsync(cancellationToken);
        var namespaces = Enumerable.Range(0, Namespaces)
            .Select(i => i.ToString("d63", CultureInfo.InvariantCulture).Replace("000000", "team00", StringComparison.Ordinal)).ToList();
        await BenchmarkCluster.EachAsync(namespaces, (ns, ct) => cluster.Admin.CreateAsync(new V1Namespace { Metadata = new() { Name = ns } }, ct),
            cancellationToken);
        await cluster.Admin.CreateAsync(PolicyFor(namespaces), cancellationToken);
        Progress.Say($"writing {count} grants of the largest size");
        await BenchmarkCluster.EachAsync(Enumerable.Range(0, count), (i, ct) => cluster.Admin.CreateAsync(Grant(i, namespaces), ct), cancellationToken);

        double afterWork;
        await using (var one = await OperatorUnderTest.StartAsync(cluster, Container, cancellationToken))
        {
            Progress.Say(
                $"ready after {Text.Number(one.StartToReady.TotalSeconds, "s", 2)}, {Text.Number(one.ProcessorTime.TotalSeconds, "s", 2)} of processor time; "
                    + "every grant is being looked at");
            await UntilAllWaitAsync(one, count, cancellationToken);
            afterWork = one.Memory("VmHWM");
            Progress.Say($"all wait, after {Text.Number(one.ProcessorTime.TotalSeconds, "s", 2)} of processor time; {Text.Number(afterWork, "MB")} at most");
        }

        await using var again = await OperatorUnderTest.StartAsync(cluster, Container, cancellationToken);
        Progress.Say("ready again "
            + $"after {Text.Number(again.StartToReady.TotalSeconds, "s", 2)}, {Text.Number(again.ProcessorTime.TotalSeconds, "s", 2)} of processor time");
        var revoked = await RevokeOneAsync(cancellationToken);
        var worst = Math.Max(afterWork, again.Memory("VmHWM"));
        var limit = Container * 1024 * 1024 / 1e6;
        report.Add(
            new($"start → ready with {count:N0} waiting grants of the largest size", Text.Number(again.StartToReady.TotalSeconds, "s", 2), "", "", null));
        report.Add(new("revoked → over, with all of them there", Text.Number(revoked.TotalSeconds, "s", 2), "", "", null));
        report.Add(new(
            $"resident memory at most, {count:N0} waiting grants of the largest size, container of {Container} Mi",
            Text.Number(worst, "MB"), "", $"≤ {limit:0} MB", worst <= limit));
    }

    private async Task UntilAllWaitAsync(OperatorUnderTest process, int count, CancellationToken cancellationToken)
    {
        var began = TimeProvider.System.GetTimestamp();
        for (double waiting = 0, denied = 0; waiting < count;)
        {
            if (process.HasEnded || TimeProvider.System.GetElapsedTime(began) > Patience)
            {
                var how = process.HasEnded ? "has ended" : "does not get further";
                throw new InvalidOperationException($"{waiting:0} of {count} grants wait for approval, and the operator {how}:\n{process.EndOfLog}");
            }

            await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, cancellationToken);
            try
            {
                waiting = await InPhaseAsync(process, GrantPhase.AwaitingApproval, cancellationToken);
                denied = await InPhaseAsync(process, GrantPhase.Denied, cancellationToken);
            }
            catch (HttpRequestException)
            {
                // It says so itself if it has ended.
            }

            // A denied request is kept in small, so that the figure would be another's.
            if (denied > 0) throw new InvalidOperationException($"{denied:0} of {count} grants were denied: the benchmark asks for what no grant gets");
        }
    }

    private static Task<double> InPhaseAsync(OperatorUnderTest process, GrantPhase phase, CancellationToken cancellationToken) =>
        process.MetricAsync($"breakglass_operator_grants{{phase=\"{phase}\",policy=\"{Policy}\"}}", cancellationToken);

    private async Task<TimeSpan> RevokeOneAsync(CancellationToken cancellationToken)
    {
        await using var watch = await GrantWatch.StartAsync(cluster.Admin, cancellationToken);
        await cluster.Admin.CreateAsync(BenchmarkCluster.Grant("one", "30m"), cancellationToken);
        await watch.ActiveAsync("one", cancellationToken);
        var began = TimeProvider.System.GetTimestamp();
        var revoke = new JsonObject { ["spec"] = new JsonObject { ["revoke"] = new JsonObject { ["reason"] = "done" } } };
        await cluster.Admin.MergePatchAsync<BreakGlassGrant>("one", null, revoke, cancellationToken);
        while ((await cluster.Admin.GetAsync<BreakGlassGrant>("one", null, cancellationToken)).Status.EndedAt is null)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);
        }

        return TimeProvider.System.GetElapsedTime(began);
    }

    private static BreakGlassGrant Grant(int number, List<string> namespaces)
    {
        var grant = BenchmarkCluster.Grant($"largest-{number}", "30m", Policy);
        return grant with
        {
            Metadata = grant.Metadata with
            {
                // 16 KiB, half of them as if they were the operator's own.
                Annotations = Enumerable.Range(0, 4).ToDictionary(
                    i => $"{(i % 2 == 0 ? BreakGlassApi.Group : "example.com")}/note-{i}", _ => new string('x', 4000)),
            },
            Spec = grant.Spec with
            {
                Justification = $"{number} ".PadRight(4096, 'x'),
                Ticket = $"INC-{number}".PadRight(256, '1'),
                Namespaces = namespaces,
                Access = ["teams"],
                // 8192 bits, the longest key that is taken, and odd, as the product of two primes is.
                RecipientKey = new() { Kty = "RSA", N = $"{number}".PadRight(1365, 'A') + "Q", E = "AQAB", Kid = $"{number}".PadRight(256, 'k') },
            },
        };
    }

    private static BreakGlassPolicy PolicyFor(List<string> namespaces) => new()
    {
        Metadata = new() { Name = Policy },
        Spec = new()
        {
            Mode = PolicyMode.JustInTime,
            Requesters = [new() { Kind = "Group", Name = "payments-oncall" }],
            Access = [new() { Name = "teams", RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = "edit" }, Namespaces = namespaces }],
            Duration = new() { Default = "30m", Max = "2h" },
            Justification = new() { MinLength = 20 },
            Approval = new() { Required = 1, Approvers = [new() { Kind = "Group", Name = "commanders" }], Timeout = "24h" },
            Limits = new() { MaxPending = 10_000 },
        },
    };
}
