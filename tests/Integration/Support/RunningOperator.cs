using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using TestKit;

namespace Integration;

/// <summary>
/// The operator as a process of its own, with a kubeconfig of its own ServiceAccount. It dies with this object, and with the test process
/// however that ends: a shell in between kills it when its standard input closes, and the kernel kills it where the shell was killed.
/// </summary>
internal sealed class RunningOperator : IAsyncDisposable
{
    // Signals come as lines, so that the process is never looked up by an id that may have been given to another one.
    private const string Shell = """
        exec 3<&0
        setpriv --pdeathsig KILL -- "$@" </dev/null &
        pid=$!
        echo "pid $pid"
        { while read -r signal <&3; do kill -"$signal" "$pid"; done; kill -KILL "$pid"; } >/dev/null 2>&1 &
        watch=$!
        wait "$pid"; code=$?
        kill -KILL "$watch"
        exit "$code"
        """;

    private static readonly HttpClient s_http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(60) };

    private readonly Process _shell;
    private readonly StringBuilder _log = new();
    private readonly TaskCompletionSource<int> _pid = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task<int> _exit;

    private RunningOperator(Process shell, Uri http)
    {
        _shell = shell;
        Http = http;
        shell.OutputDataReceived += (_, line) => Hear(line.Data);
        shell.ErrorDataReceived += (_, line) => Hear(line.Data);
        shell.BeginOutputReadLine();
        shell.BeginErrorReadLine();
        _exit = ExitAsync(shell);
    }

    /// <summary>The operator built in the tests' own configuration.</summary>
    public static string Binary { get; } = Path.Combine(
        Golden.RepositoryRoot, "artifacts", "bin", "BreakGlass.Operator", new DirectoryInfo(AppContext.BaseDirectory).Name, "breakglass-operator.dll");

    /// <summary>Where it serves /metrics, /healthz and /readyz.</summary>
    public Uri Http { get; }

    /// <summary>Ends with the exit code; 128 and the signal's number where a signal ended it.</summary>
    public Task<int> Exit => _exit;

    /// <summary>The id of its process.</summary>
    public Task<int> ProcessId => _pid.Task;

    /// <summary>All it has written so far.</summary>
    public string Log
    {
        get
        {
            lock (_log) return _log.ToString();
        }
    }

    /// <summary>Starts it and waits until it is ready: connected, all caches filled.</summary>
    /// <param name="kubeconfig">Of its ServiceAccount, never of an administrator.</param>
    /// <param name="options">Beside <c>--trust-requester</c>, <c>--webhook=false</c> and the address; of two equal ones the last counts.</param>
    public static Task<RunningOperator> StartAsync(string kubeconfig, params string[] options) => StartAsync(() => Launch(kubeconfig, options));

    /// <summary>Starts the gateway, another command of the same program, and waits until it is ready.</summary>
    /// <param name="kubeconfig">Of the gateway's ServiceAccount.</param>
    /// <param name="options">Beside the address of its probes.</param>
    public static Task<RunningOperator> StartGatewayAsync(string kubeconfig, params string[] options) => StartAsync(() =>
    {
        var port = Ports.Free();
        return new(Start(kubeconfig, ["gateway", $"--http-address=127.0.0.1:{port}", .. options]), new Uri($"http://127.0.0.1:{port}"));
    });

    private static async Task<RunningOperator> StartAsync(Func<RunningOperator> launch)
    {
        for (var tries = 1; ; tries++)
        {
            var started = launch();
            try
            {
                await Eventually.TrueAsync(
                    async () => started.Exit.IsCompleted || await started.IsReadyAsync(), () => started.Log, expected: "a ready operator");
                if (!started.Exit.IsCompleted) return started;

                // Somebody else took the port between the look and the bind.
                if (tries == 3 || !started.Log.Contains("address already in use", StringComparison.OrdinalIgnoreCase))
                {
                    throw new InvalidOperationException($"the operator ended with exit code {await started.Exit} instead of getting ready:\n{started.Log}");
                }
            }
            catch
            {
                await started.DisposeAsync();
                throw;
            }

            await started.DisposeAsync();
        }
    }

    /// <summary>Starts it and waits for nothing: for an operator that is killed before it may be ready.</summary>
    public static RunningOperator Launch(string kubeconfig, params string[] options)
    {
        var port = Ports.Free();
        return new(
            Start(
                kubeconfig, ["--trust-requester", "--webhook=false", $"--http-address=127.0.0.1:{port}", "--gateway-reports-listen=127.0.0.1:0", .. options]),
            new Uri($"http://127.0.0.1:{port}"));
    }

    /// <summary>One pass of <c>breakglass-operator reap</c>: its exit code and what it wrote.</summary>
    public static Task<(int ExitCode, string Log)> ReapAsync(string kubeconfig) => RunOnceAsync(kubeconfig, "reap");

    /// <summary>A command of the operator's program that ends by itself: its exit code and what it wrote.</summary>
    public static async Task<(int ExitCode, string Log)> RunOnceAsync(string kubeconfig, params string[] command)
    {
        await using var process = new RunningOperator(Start(kubeconfig, command), new Uri("http://127.0.0.1"));
        var code = await Eventually.WithinLimitAsync(process.Exit, $"the end of '{command[0]}'", TimeSpan.FromMinutes(3));
        return (code, process.Log);
    }

    /// <summary>Ends it at once, as a crash of the node would, and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        await SignalAsync("KILL");
        await Eventually.WithinLimitAsync(Exit, "the end of a killed operator");
    }

    /// <summary>Asks it to stop, as a kubelet does, and gives the exit code.</summary>
    public async Task<int> StopAsync()
    {
        await SignalAsync("TERM");
        return await Eventually.WithinLimitAsync(Exit, $"the end of an operator that was asked to stop; it says\n{Log}");
    }

    /// <summary>Sends a signal by name, e.g. <c>STOP</c>.</summary>
    public async Task SignalAsync(string signal)
    {
        await _pid.Task;
        await _shell.StandardInput.WriteLineAsync(signal);
        await _shell.StandardInput.FlushAsync();
    }

    /// <summary>The metrics by name and labels, as they stand on /metrics; by the name alone where there are no labels.</summary>
    public async Task<IReadOnlyDictionary<string, double>> MetricsAsync()
    {
        var text = await s_http.GetStringAsync(new Uri(Http, "/metrics"));
        return text.Split('\n').Where(l => l.Length > 0 && l[0] != '#').Select(l => l.Split(' '))
            .ToDictionary(l => string.Join(' ', l[..^1]).Replace("{}", "", StringComparison.Ordinal),
            l => double.Parse(l[^1].Replace("+Inf", "Infinity", StringComparison.Ordinal), CultureInfo.InvariantCulture));
    }

    /// <summary>Whether it holds the lease.</summary>
    public async Task<bool> LeadsAsync() =>
        (await MetricsAsync()).Any(m => m.Key.StartsWith("leader_election_master_status{", StringComparison.Ordinal) && m.Value == 1);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using (_shell)
        {
            if (!_shell.HasExited) _shell.StandardInput.Close();
            await Eventually.WithinLimitAsync(Exit, "the end of the operator with its test");
        }
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await s_http.GetAsync(new Uri(Http, "/readyz"));
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private static Process Start(string kubeconfig, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(
            "bash") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in (string[])["-c", Shell, "operator", "dotnet", Binary, .. arguments]) start.ArgumentList.Add(argument);
        start.Environment["KUBECONFIG"] = kubeconfig;
        start.Environment["KUBE_CACHE_MUTATION_DETECTOR"] = "true";
        return Process.Start(start) ?? throw new InvalidOperationException("bash did not start");
    }

    private static async Task<int> ExitAsync(Process shell)
    {
        await shell.WaitForExitAsync();
        return shell.ExitCode;
    }

    private void Hear(string? line)
    {
        if (line is null) return;
        if (!_pid.Task.IsCompleted && line.StartsWith("pid ", StringComparison.Ordinal))
        {
            _pid.TrySetResult(int.Parse(line.AsSpan(4), CultureInfo.InvariantCulture));
            return;
        }

        lock (_log) _log.AppendLine(line);
    }
}
