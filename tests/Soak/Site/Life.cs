using System.Diagnostics;
using System.Globalization;

namespace Soak.Site;

/// <summary>
/// One process of the operator, from its start to its end. It dies with this program, however that ends: a shell in between kills it when its standard input
/// closes, and the kernel kills it where the shell was killed.
/// </summary>
internal sealed class Life : IDisposable
{
    private const string Shell = """
        log=$1; shift
        exec 2>/dev/null
        exec 3<&0
        setpriv --pdeathsig KILL -- "$@" </dev/null >>"$log" 2>&1 &
        pid=$!
        echo "$pid"
        { read -r _ <&3; kill -KILL "$pid"; } >/dev/null 2>&1 &
        watch=$!
        wait "$pid"; code=$?
        kill -KILL "$watch"
        exit "$code"
        """;

    // The metrics as they were last seen, by name and labels, and what they were before they began again.
    private readonly Dictionary<string, double> _counters = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> _before = new(StringComparer.Ordinal);
    private readonly Process _shell;

    private Life(Process shell, int processId) => (_shell, ProcessId) = (shell, processId);

    public int ProcessId { get; }

    public DateTimeOffset Started { get; } = Clock.Now;

    public bool Ended => _shell.HasExited;

    /// <summary>128 and the signal's number where a signal ended it.</summary>
    public int ExitCode => _shell.ExitCode;

    /// <summary>When they were.</summary>
    public DateTimeOffset Scraped { get; set; } = Clock.Now;

    /// <summary>When it was killed on purpose; null while it was not.</summary>
    public DateTimeOffset? Killed { get; private set; }

    public static async Task<Life> StartAsync(IEnumerable<string> command, IReadOnlyDictionary<string, string> environment, string log)
    {
        var start = new ProcessStartInfo(
            "bash", ["-c", Shell, "operator", log, .. command]) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var shell = Process.Start(start) ?? throw new InvalidOperationException("bash did not start");
        return new(shell, int.Parse(await shell.StandardOutput.ReadLineAsync() ?? "", CultureInfo.InvariantCulture));
    }

    /// <summary>Notes a metric; a counter that begins again, because its policy was gone for a while, adds to what it was.</summary>
    public void Count(string series, double value)
    {
        lock (_counters)
        {
            if (_counters.TryGetValue(series, out var last) && value < last) _before[series] = _before.GetValueOrDefault(series) + last;
            _counters[series] = value;
        }
    }

    /// <summary>What a counter has come to in this process, over all its labels.</summary>
    public double Total(string prefix)
    {
        lock (_counters) return _counters.Concat(_before).Where(c => c.Key.StartsWith(prefix, StringComparison.Ordinal)).Sum(c => c.Value);
    }

    /// <summary>Resident memory in MiB: all of it, and what is its own and could not be dropped. 0 where it is gone.</summary>
    public (double All, double Own) Memory()
    {
        try
        {
            var lines = File.ReadAllLines($"/proc/{ProcessId.ToString(CultureInfo.InvariantCulture)}/status");
            double Of(string field) => lines.FirstOrDefault(l => l.StartsWith(field + ":", StringComparison.Ordinal)) is { } line
                ? double.Parse(line[(field.Length + 1)..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) / 1024
                : 0;
            return (Of("VmRSS"), Of("RssAnon") + Of("RssShmem"));
        }
        catch (IOException)
        {
            return (0, 0);
        }
    }

    /// <summary>SIGKILL, as by the kernel or a node that is lost.</summary>
    public async Task KillAsync()
    {
        Killed ??= Clock.Now;
        if (!_shell.HasExited)
        {
            await Command.SignalAsync(ProcessId, "KILL");
            await _shell.WaitForExitAsync();
        }
    }

    /// <summary>SIGTERM, as by a kubelet, and the exit code.</summary>
    public async Task<int> StopAsync(CancellationToken cancellationToken)
    {
        Killed ??= Clock.Now;
        await Command.SignalAsync(ProcessId, "TERM");
        await _shell.WaitForExitAsync(cancellationToken);
        return ExitCode;
    }

    public void Dispose()
    {
        if (!_shell.HasExited) _shell.Kill(entireProcessTree: true);
        _shell.Dispose();
    }
}
