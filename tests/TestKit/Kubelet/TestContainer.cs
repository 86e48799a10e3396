using TestKit.Kubelet.Processes;

namespace TestKit.Kubelet;

/// <summary>A container that the test kubelet runs: a directory, a log, and processes of this machine.</summary>
public sealed class TestContainer
{
    private readonly string _host;

    internal TestContainer(ContainerSpec spec, string directory, string host, bool isEphemeral)
    {
        (Spec, Directory, _host, IsEphemeral) = (spec, directory, host, isEphemeral);
        System.IO.Directory.CreateDirectory(directory);
    }

    /// <summary>How it was requested.</summary>
    public ContainerSpec Spec { get; }

    /// <summary>The working directory of its processes. It is removed with the kubelet.</summary>
    public string Directory { get; }

    /// <summary>Its log.</summary>
    public ContainerLog Log { get; } = new();

    /// <summary>Whether <c>kubectl debug</c> added it to the pod.</summary>
    public bool IsEphemeral { get; }

    /// <summary>When it started.</summary>
    internal DateTimeOffset StartedAt { get; } = TimeProvider.System.GetUtcNow();

    /// <summary>The main process; null if it has none.</summary>
    internal MainProcess? Main { get; private set; }

    /// <summary>The exit code of the main process; null while it runs, or if there is none.</summary>
    internal int? ExitCode { get; private set; }

    /// <summary>Starts the main process.</summary>
    /// <param name="onExit">Called when it has ended.</param>
    internal async Task StartAsync(Func<Task> onExit)
    {
        if (Spec.Command is not { } command) return;
        Main = new(await RunAsync(command, Spec.Tty ? new(80, 24) : null), Spec, Log);
        _ = WatchAsync(Main, onExit);
    }

    /// <summary>Starts another process.</summary>
    internal Task<SessionProcess> RunAsync(IReadOnlyList<string> command, TerminalSize? size) =>
        SessionProcess.StartAsync(command, Directory, Variables(size), size);

    /// <summary>Ends the main process.</summary>
    internal async Task StopAsync()
    {
        Log.End();
        if (Main is null) return;
        Main.Kill();
        await Main.Exit;
        Main.Dispose();
    }

    private async Task WatchAsync(MainProcess main, Func<Task> onExit)
    {
        ExitCode = await main.Exit;
        await onExit();
    }

    private Dictionary<string, string> Variables(TerminalSize? size)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ["HOME"] = Directory,
            ["HOSTNAME"] = _host,
            ["LANG"] = "C.UTF-8",
            ["CONTAINER"] = Spec.Name,
        };
        if (size is not null) variables["TERM"] = "xterm";
        return variables;
    }
}
