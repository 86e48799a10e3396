using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using TestKit;

namespace Integration.Metrics;

/// <summary>
/// A Prometheus that scrapes one operator and one gateway every second and evaluates our rules as often. It dies with this object, and with the test process
/// however that ends: a shell in between kills it when its standard input closes.
/// </summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private const string Shell = """
        exec 3<&0
        setpriv --pdeathsig KILL -- "$@" </dev/null &
        pid=$!
        read -r _ <&3
        kill -KILL "$pid"
        wait "$pid" 2>/dev/null
        """;

    private static readonly HttpClient s_http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(60) };

    private readonly Process _shell;
    private readonly DirectoryInfo _directory;
    private readonly Uri _address;
    private readonly StringBuilder _log = new();

    private PrometheusServer(Process shell, DirectoryInfo directory, Uri address)
    {
        (_shell, _directory, _address) = (shell, directory, address);
        shell.OutputDataReceived += (_, line) => Hear(line.Data);
        shell.ErrorDataReceived += (_, line) => Hear(line.Data);
        shell.BeginOutputReadLine();
        shell.BeginErrorReadLine();
    }

    /// <summary>Whether there is one on the PATH.</summary>
    public static bool IsThere { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(directory => File.Exists(Path.Combine(directory, "prometheus")));

    /// <summary>What it said.</summary>
    public string Log
    {
        get { lock (_log) return _log.ToString(); }
    }

    /// <summary>Starts it and waits until it answers.</summary>
    /// <param name="target">Where the operator serves its metrics.</param>
    /// <param name="gateway">Where the gateway serves its metrics.</param>
    /// <param name="rules">A rule file.</param>
    public static async Task<PrometheusServer> StartAsync(Uri target, Uri gateway, string rules)
    {
        var directory = Directory.CreateTempSubdirectory("breakglass-prometheus-");
        await File.WriteAllTextAsync(Path.Combine(directory.FullName, "rules.json"), rules);
        await File.WriteAllTextAsync(Path.Combine(directory.FullName, "prometheus.yml"), $$"""
            global: {scrape_interval: 1s, evaluation_interval: 1s}
            rule_files: [rules.json]
            scrape_configs:
            - {job_name: breakglass-operator-metrics, static_configs: [{targets: ["{{target.Authority}}"]}]}
            - {job_name: breakglass-gateway-metrics, static_configs: [{targets: ["{{gateway.Authority}}"]}]}
            """);
        var address = new Uri($"http://127.0.0.1:{Ports.Free().ToString(CultureInfo.InvariantCulture)}");
        var start = new ProcessStartInfo(
            "bash") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in (string[])
        [
            "-c", Shell, "prometheus", "prometheus", $"--config.file={directory.FullName}/prometheus.yml", $"--storage.tsdb.path={directory.FullName}/data",
            $"--web.listen-address={address.Authority}", "--log.level=warn",
        ]) start.ArgumentList.Add(argument);
        var server = new PrometheusServer(Process.Start(start)!, directory, address);
        try
        {
            await Eventually.TrueAsync(server.IsReadyAsync, () => server.Log, expected: "a ready Prometheus");
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The samples that a query gives now: labels and value.</summary>
    public async Task<IReadOnlyList<(JsonNode Labels, double Value)>> QueryAsync(string query)
    {
        var data = await GetAsync($"/api/v1/query?query={Uri.EscapeDataString(query)}");
        return [.. data["result"]!.AsArray().Select(sample => (sample!["metric"]!, Number(sample["value"]![1]!.GetValue<string>())))];
    }

    /// <summary>All rules of all groups, as Prometheus has them.</summary>
    public async Task<IReadOnlyList<JsonNode>> RulesAsync() =>
        [.. (await GetAsync("/api/v1/rules"))["groups"]!.AsArray().SelectMany(group => group!["rules"]!.AsArray()).Select(rule => rule!)];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using (_shell)
        {
            if (!_shell.HasExited) _shell.StandardInput.Close();
            await _shell.WaitForExitAsync().WaitAsync(Eventually.Limit, TimeProvider.System);
        }

        _directory.Delete(recursive: true);
    }

    private async Task<JsonNode> GetAsync(string path)
    {
        using var answer = await s_http.GetAsync(new Uri(_address, path));
        var text = await answer.Content.ReadAsStringAsync();
        if (!answer.IsSuccessStatusCode) throw new InvalidOperationException($"Prometheus answered {path} with {(int)answer.StatusCode}: {text}");
        return JsonNode.Parse(text)!["data"]!;
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await s_http.GetAsync(new Uri(_address, "/-/ready"));
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private void Hear(string? line)
    {
        lock (_log) _log.AppendLine(line);
    }

    private static double Number(string text) => text switch
    {
        "NaN" => double.NaN,
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };
}
