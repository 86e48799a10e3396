using System.Diagnostics;
using System.Globalization;
using System.Text;
using FluentAssertions;
using Manifests.Chart;
using TestKit;

namespace Manifests.Image;

/// <summary>A program that runs until it is stopped, here or in a container. It dies with this object, and with the test process however that ends.</summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(120);

    private readonly StringBuilder _log = new();
    private readonly Process _process;

    /// <param name="command">The arguments of <c>env</c>: variables as <c>NAME=value</c>, then the command.</param>
    public RunningProgram(params string[] command)
    {
        var start = new ProcessStartInfo("setpriv", ["--pdeathsig", "KILL", "--", "env", .. command])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>All it has written so far.</summary>
    public string Log
    {
        get { lock (_log) return _log.ToString(); }
    }

    /// <summary>Asks the program to stop, as a kubelet does, and gives its exit code.</summary>
    public async Task<int> StopAsync()
    {
        // buildah does not pass signals on: the signal goes to the youngest descendant, or to the program itself if it has none.
        var pid = _process.Id;
        while (Children(pid) is [var child, ..]) pid = child;
        (await Tool.RunAsync("kill", ["-TERM", pid.ToString(CultureInfo.InvariantCulture)])).ExitCode.Should().Be(0);
        await EndAsync();
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        using (_process)
        {
            if (!_process.HasExited) _process.Kill(entireProcessTree: true);
            await EndAsync();
        }
    }

    private async Task EndAsync()
    {
        using var timeUp = new CancellationTokenSource(s_limit, TimeProvider.System);
        try
        {
            await _process.WaitForExitAsync(timeUp.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"the program was expected to end within {s_limit.TotalSeconds} s of being asked to. It says\n{Log}", e);
        }
    }

    // Of all of its threads: buildah is a Go program.
    private static int[] Children(int pid) =>
        [
            .. Directory.GetDirectories($"/proc/{pid}/task")
                .SelectMany(thread => File.ReadAllText(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(child => int.Parse(child, CultureInfo.InvariantCulture)),
        ];

    private void Hear(string? line)
    {
        lock (_log) _log.AppendLine(line);
    }
}
