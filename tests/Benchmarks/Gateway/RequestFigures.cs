using System.Globalization;
using System.Security.Cryptography;
using k8s.Models;

namespace Benchmarks.Gateway;

/// <summary>Requests and answers: the same client at the API server, through the gateway, and through nginx, in turn.</summary>
internal sealed class RequestFigures(GatewayRun run, Report report)
{
    private const string SmallPath = $"/api/v1/namespaces/{BenchmarkCluster.Namespace}/configmaps/{GatewayRun.SmallName}";
    private const string LargePath = $"/api/v1/namespaces/{GatewayRun.LargeNamespace}/secrets";
    private const int LargeObjects = 100;
    private const int LargeBytes = 375_000; // half a megabyte in an answer
    private const int Clients = 50;

    public async Task MeasureAsync(List<IReadOnlyList<string>> details, CancellationToken cancellationToken)
    {
        var holder = await run.HoldAsync("gateway-requests", "1h", cancellationToken);
        await using (var floor = await ProxyFloor.StartAsync(
            holder, run.CertificateDirectory, Path.Combine(run.Cluster.Directory, "nginx"), cancellationToken))
        {
            await SmallAsync(holder, floor, details, cancellationToken);
            await LargeAsync(holder, floor, details, cancellationToken);
        }

        await ManyAsync(holder, cancellationToken);
    }

    private async Task SmallAsync(GrantHolder holder, ProxyFloor floor, List<IReadOnlyList<string>> details, CancellationToken cancellationToken)
    {
        var count = run.Cluster.Options.Size(5000);
        Progress.Say($"{count} small requests, each directly, through the gateway, and through nginx");
        using var directly = holder.Directly();
        using var through = holder.Through();
        using var proxy = holder.Through(floor.Address);
        HttpClient[] clients = [directly, through, proxy];
        await InTurnAsync(Math.Max(200, count / 10), SmallPath, clients, cancellationToken); // as fast as they get
        var used = run.Gateway.ProcessorTime;
        if (await InTurnAsync(count, SmallPath, clients, cancellationToken) is not [var direct, var gateway, var nginx]) return;
        var each = (run.Gateway.ProcessorTime - used).TotalMilliseconds / count;
        var (p50, p99) = (gateway.P50 - direct.P50, gateway.P99 - direct.P99);
        report.Add(new("small GET, p50, more than directly", More(p50, gateway.P50), Two(direct.P50), "≤ 1 ms more", p50 <= 1));
        report.Add(new("small GET, p99, more than directly", More(p99, gateway.P99), Two(direct.P99), "≤ 3 ms more", p99 <= 3));
        details.Add(Row("small GET, directly", direct));
        details.Add(Row($"small GET, through the gateway ({Two(each)} of its processor time each)", gateway));
        details.Add(Row("small GET, through nginx", nginx));
    }

    private static async Task<Samples[]> InTurnAsync(int count, string path, HttpClient[] clients, CancellationToken cancellationToken)
    {
        var times = clients.Select(_ => new List<double>(count)).ToArray();
        for (var i = 0; i < count; i++)
        {
            foreach (var (http, taken) in clients.Zip(times)) taken.Add(await TimeAsync(http, path, cancellationToken));
        }

        return [.. times.Select(t => new Samples(t))];
    }

    private async Task LargeAsync(GrantHolder holder, ProxyFloor floor, List<IReadOnlyList<string>> details, CancellationToken cancellationToken)
    {
        var (objects, rounds) = (run.Cluster.Options.Size(LargeObjects), run.Cluster.Options.Quick ? 3 : 9);
        Progress.Say($"a list of {objects} objects of {LargeBytes} bytes");
        var data = RandomNumberGenerator.GetBytes(LargeBytes);
        await BenchmarkCluster.EachAsync(Enumerable.Range(0, objects), (i, ct) => run.Cluster.Admin.CreateAsync(
            new V1Secret
            {
                Metadata = new() { Name = $"large-{i}", NamespaceProperty = GatewayRun.LargeNamespace },
                Data = new Dictionary<string, byte[]> { ["data"] = data },
            }, ct), cancellationToken);
        using var directly = holder.Directly();
        using var through = holder.Through();
        using var proxy = holder.Through(floor.Address);
        HttpClient[] clients = [directly, through, proxy];
        var megabytes = await ReadAsync(directly, LargePath, cancellationToken) / 1e6;
        await InTurnAsync(1, LargePath, clients, cancellationToken);
        var used = run.Gateway.ProcessorTime;
        if (await InTurnAsync(rounds, LargePath, clients, cancellationToken) is not [var direct, var gateway, var nginx]) return;
        var each = (run.Gateway.ProcessorTime - used).TotalMilliseconds / rounds;
        var (name, ratio) = ($"list of {Text.Number(megabytes, "MB", 0)}", direct.P50 / gateway.P50);
        report.Add(new(name, $"{Rate(megabytes, gateway.P50)}, {Text.Ratio(ratio)}", Rate(megabytes, direct.P50), "≥ 0.8 ×", ratio >= 0.8));
        details.Add(Row($"{name}, directly", direct));
        details.Add(Row($"{name}, through the gateway ({Two(each)} of its processor time each)", gateway));
        details.Add(Row($"{name}, through nginx ({Text.Ratio(direct.P50 / nginx.P50)})", nginx));
    }

    private async Task ManyAsync(GrantHolder holder, CancellationToken cancellationToken)
    {
        var count = run.Cluster.Options.Size(10_000);
        Progress.Say($"{count} requests from {Clients} clients, directly and through the gateway");
        var (direct, directErrors) = await ManyAsync(count, holder.Directly, cancellationToken);
        var (gateway, errors) = await ManyAsync(count, holder.Through, cancellationToken);
        report.Add(new($"{count.ToString("N0", CultureInfo.InvariantCulture)} requests from {Clients} clients",
            $"{errors} errors, {Text.Number(gateway, "/s", 0)}", $"{directErrors} errors, {Text.Number(direct, "/s", 0)}", "0 errors", errors == 0));
    }

    /// <summary>Each client has its own connection, as each kubectl has.</summary>
    private static async Task<(double PerSecond, int Errors)> ManyAsync(int count, Func<HttpClient> client, CancellationToken cancellationToken)
    {
        var (left, errors) = (count, 0);
        var began = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            using var http = client();
            while (Interlocked.Decrement(ref left) >= 0)
            {
                try
                {
                    await TimeAsync(http, SmallPath, cancellationToken);
                }
                catch (HttpRequestException e)
                {
                    if (Interlocked.Increment(ref errors) == 1) Progress.Say($"an error: {e.Message}");
                }
            }
        }));
        return (count / TimeProvider.System.GetElapsedTime(began).TotalSeconds, errors);
    }

    private static async Task<double> TimeAsync(HttpClient http, string path, CancellationToken cancellationToken)
    {
        var began = TimeProvider.System.GetTimestamp();
        await ReadAsync(http, path, cancellationToken);
        return TimeProvider.System.GetElapsedTime(began).TotalMilliseconds;
    }

    private static async Task<long> ReadAsync(HttpClient http, string path, CancellationToken cancellationToken)
    {
        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        answer.EnsureSuccessStatusCode();
        await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var (buffer, length) = (new byte[64 * 1024], 0L);
        while (await body.ReadAsync(buffer, cancellationToken) is > 0 and var read) length += read;
        return length;
    }

    private static IReadOnlyList<string> Row(string name, Samples s) => [name, Two(s.P50), Two(s.P99), Two(s.Max)];

    private static string Two(double milliseconds) => Text.Number(milliseconds, "ms", 2);

    private static string More(double more, double all) => $"{(more < 0 ? "−" : "+")}{Two(Math.Abs(more))} ({Two(all)})";

    private static string Rate(double megabytes, double milliseconds) => Text.Number(megabytes / milliseconds * 1000, "MB/s", 0);
}
