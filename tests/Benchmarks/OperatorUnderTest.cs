using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Benchmarks;

/// <summary>The operator as a process of its own.</summary>
internal sealed class OperatorUnderTest : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

    private readonly ChildProcess _child;
    private readonly HttpClient _http;
    private readonly string _log;

    private OperatorUnderTest(ChildProcess child, HttpClient http, string log)
    {
        _child = child;
        _http = http;
        _log = log;
    }

    /// <summary>From the start of the process to the first 200 of /readyz.</summary>
    public TimeSpan StartToReady { get; private set; }

    /// <summary>Starts it and waits until it is ready.</summary>
    /// <exception cref="InvalidOperationException">It ended, or did not become ready; the message holds the end of its log.</exception>
    public static Task<OperatorUnderTest> StartAsync(BenchmarkCluster cluster, CancellationToken cancellationToken) =>
        StartAsync(cluster, null, cancellationToken);

    /// <summary>
    /// The same, with the memory of a container: .NET takes three quarters of its limit for the heap, and as a plain process has to be told.
    /// </summary>
    /// <param name="cluster">The control plane.</param>
    /// <param name="containerMebibytes">The container's memory limit; null for none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="options">Options of the operator in addition to those that every run has.</param>
    public static Task<OperatorUnderTest> StartAsync(
        BenchmarkCluster cluster, int? containerMebibytes, CancellationToken cancellationToken, params string[] options) => StartAsync(
            cluster, cluster.OperatorKubeconfig, ["--trust-requester", "--webhook=false", .. options], containerMebibytes, cancellationToken);

    /// <summary>Starts the gateway, another command of the same program.</summary>
    /// <param name="cluster">The control plane.</param>
    /// <param name="kubeconfig">Of the gateway's ServiceAccount.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="options">Options of the gateway.</param>
    public static Task<OperatorUnderTest> StartGatewayAsync(
        BenchmarkCluster cluster, string kubeconfig, CancellationToken cancellationToken, params string[] options) =>
        StartAsync(cluster, kubeconfig, ["gateway", .. options], null, cancellationToken);

    private static async Task<OperatorUnderTest> StartAsync(
        BenchmarkCluster cluster, string kubeconfig, IReadOnlyList<string> arguments, int? containerMebibytes, CancellationToken cancellationToken)
    {
        var port = FreePort();
        var log = Path.Combine(cluster.Directory, $"operator-{port}.log");
        string[] command = cluster.Options.Operator.EndsWith(".dll", StringComparison.Ordinal)
            ? ["dotnet", cluster.Options.Operator] : [cluster.Options.Operator];
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        foreach (var argument in (string[])["-c", "log=$1; shift; exec \"$@\" >\"$log\" 2>&1 </dev/null", "sh", log, .. command, .. arguments,
            $"--http-address=127.0.0.1:{port}"])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["KUBECONFIG"] = kubeconfig;
        if (containerMebibytes is { } limit)
            start.Environment["DOTNET_GCHeapHardLimit"] = (limit * 1024L * 1024 * 3 / 4).ToString("x", CultureInfo.InvariantCulture);
        var http = new HttpClient(
            new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(30) };
        var began = TimeProvider.System.GetTimestamp();
        var one = new OperatorUnderTest(ChildProcess.Start(start), http, log);
        while (!await one.IsReadyAsync(cancellationToken))
        {
            if (one._child.HasExited || TimeProvider.System.GetElapsedTime(began) > StartTimeout)
            {
                var end = one.EndOfLog;
                await one.DisposeAsync();
                throw new InvalidOperationException(
                    $"The operator was expected to become ready within {StartTimeout.TotalSeconds:0} s; the end of its log:\n{end}");
            }

            await Task.Delay(Poll, TimeProvider.System, cancellationToken);
        }

        one.StartToReady = TimeProvider.System.GetElapsedTime(began);
        return one;
    }

    /// <summary>Resident memory, in MB of a million bytes.</summary>
    /// <param name="field"><c>VmRSS</c>, or <c>VmHWM</c> for the most there ever was.</param>
    public double Memory(string field = "VmRSS")
    {
        var line = File.ReadLines($"/proc/{_child.Process.Id}/status").First(l => l.StartsWith(field + ":", StringComparison.Ordinal));
        return double.Parse(line.Split(':')[1].Replace("kB", "").Trim(), CultureInfo.InvariantCulture) * 1024 / 1e6;
    }

    /// <summary>The last lines of its log.</summary>
    public string EndOfLog => string.Join('\n', File.ReadLines(_log).TakeLast(15));

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => _child.HasExited;

    /// <summary>Processor time that it has used so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _child.Process.Refresh();
            return _child.Process.TotalProcessorTime;
        }
    }

    /// <summary>The sum of all samples of a metric whose name and labels begin so.</summary>
    public async Task<double> MetricAsync(string series, CancellationToken cancellationToken)
    {
        var text = await _http.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancellationToken);
        return text.Split('\n').Where(l => l.StartsWith(series, StringComparison.Ordinal))
            .Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    /// <summary>Entries of its log from warnings upwards, for a run that looks odd.</summary>
    public IReadOnlyList<string> Complaints =>
        [.. File.ReadLines(_log).Where(
            l => l.Contains("\"level\":\"warn", StringComparison.OrdinalIgnoreCase) || l.Contains("\"level\":\"err", StringComparison.OrdinalIgnoreCase))];

    /// <summary>Stops it as Kubernetes does, by SIGTERM, so that it gives its lease back.</summary>
    public async ValueTask DisposeAsync()
    {
        await _child.DisposeAsync();
        _http.Dispose();
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri("/readyz", UriKind.Relative), cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
