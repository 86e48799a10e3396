using System.Diagnostics;
using System.Globalization;
using System.Text;
using FluentAssertions;
using Manifests.Chart;
using TestKit;

namespace Manifests.Image;

/// <summary>A container of an image, run by buildah as the image says: its user, its environment, its files and no others; the network is the machine's.</summary>
internal sealed class Container : IAsyncDisposable
{
    private const int Minutes = 60;

    private readonly string _name;

    private Container(string name, string root) => (_name, Root) = (name, root);

    /// <summary>Where its files can be looked at.</summary>
    public string Root { get; }

    public static async Task<Container> FromAsync(string image)
    {
        var name = (await ShAsync($"buildah from {image}")).Trim();
        return new(name, (await ShAsync($"buildah mount {name}")).Trim());
    }

    /// <summary>Runs a program of it to its end.</summary>
    public Task<ToolResult> RunAsync(string[] options, params string[] command) => Tool.RunAsync("env", ["BUILDAH_ISOLATION=chroot", "buildah", "run", .. options, _name, "--", .. command], seconds: 120);

    /// <summary>Starts a program of it that runs until it is stopped.</summary>
    public RunningContainer Start(string[] options, params string[] command) => new(["BUILDAH_ISOLATION=chroot", "buildah", "run", .. options, _name, "--", .. command]);

    public async ValueTask DisposeAsync() => await ShAsync($"buildah rm {_name}");

    /// <summary>Runs a script in the repository; it must succeed.</summary>
    public static async Task<string> ShAsync(string script)
    {
        var result = await Tool.RunAsync("bash", ["-euo", "pipefail", "-c", $"cd '{Golden.RepositoryRoot}'; export BUILDAH_ISOLATION=chroot; {script}"], Minutes * 60);
        result.ExitCode.Should().Be(0, $"{script}\n{result.Error}");
        return result.Output;
    }
}

/// <summary>A program that runs in a container. It dies with this object, and with the test process however that ends.</summary>
internal sealed class RunningContainer : IAsyncDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly StringBuilder _log = new();
    private readonly Process _buildah;

    public RunningContainer(string[] command)
    {
        _buildah = Process.Start(new ProcessStartInfo("setpriv", ["--pdeathsig", "KILL", "--", "env", .. command]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        _buildah.OutputDataReceived += (_, line) => Hear(line.Data);
        _buildah.ErrorDataReceived += (_, line) => Hear(line.Data);
        _buildah.BeginOutputReadLine();
        _buildah.BeginErrorReadLine();
    }

    /// <summary>All it has written so far.</summary>
    public string Log
    {
        get { lock (_log) return _log.ToString(); }
    }

    /// <summary>Asks the program to stop, as a kubelet does, and gives its exit code.</summary>
    public async Task<int> StopAsync()
    {
        // buildah passes no signal on: it goes to the youngest of its descendants.
        var pid = _buildah.Id;
        while (Children(pid) is [var child, ..]) pid = child;
        (await Tool.RunAsync("kill", ["-TERM", pid.ToString(CultureInfo.InvariantCulture)])).ExitCode.Should().Be(0);
        await EndAsync();
        return _buildah.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        using (_buildah)
        {
            if (!_buildah.HasExited) _buildah.Kill(entireProcessTree: true);
            await EndAsync();
        }
    }

    private async Task EndAsync()
    {
        using var timeUp = new CancellationTokenSource(s_limit, TimeProvider.System);
        try
        {
            await _buildah.WaitForExitAsync(timeUp.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"the container was expected to end within {s_limit.TotalSeconds} s of being asked to. It says\n{Log}", e);
        }
    }

    // Of all of its threads: buildah is a Go program.
    private static int[] Children(int pid) =>
        [.. Directory.GetDirectories($"/proc/{pid}/task").SelectMany(thread => File.ReadAllText(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(child => int.Parse(child, CultureInfo.InvariantCulture))];

    private void Hear(string? line)
    {
        lock (_log) _log.AppendLine(line);
    }
}
