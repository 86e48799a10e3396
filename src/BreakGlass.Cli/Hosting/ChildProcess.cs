using System.ComponentModel;
using System.Diagnostics;

namespace BreakGlass.Cli.Hosting;

/// <summary>A person's command, with this process's own terminal.</summary>
internal static class ChildProcess
{
    private const int NoSuchFile = 2;

    /// <summary>
    /// Runs it to its end and gives its exit code. Ctrl-C reaches it by itself, since it belongs to the same terminal; where this process is asked to stop, it
    /// is asked too, and waited for.
    /// </summary>
    public static async Task<int> RunAsync(ChildCommand command, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(command.Words[0]) { UseShellExecute = false };
        foreach (var word in command.Words.Skip(1)) start.ArgumentList.Add(word);
        if (command.Kubeconfig is { } kubeconfig) start.Environment["KUBECONFIG"] = kubeconfig;
        using var process = Start(start);
        await using var asked = cancellationToken.UnsafeRegister(static p => Terminate((Process)p!), process);
        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode;
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new CliException(ExitCodes.CannotExecute, $"'{start.FileName}' did not start.");
        }
        catch (Win32Exception e) when (e.NativeErrorCode == NoSuchFile)
        {
            throw new CliException(ExitCodes.CommandNotFound,
                $"command '{start.FileName}' not found on the PATH. The grant is revoked; check the name, and request access again.", e);
        }
        catch (Win32Exception e)
        {
            throw new CliException(ExitCodes.CannotExecute,
                $"'{start.FileName}' cannot be executed ({e.Message}). The grant is revoked; correct the command, and request access again.", e);
        }
    }

    /// <summary>.NET only sends KILL, and the command needs time to clean up.</summary>
    private static void Terminate(Process process)
    {
        try
        {
            using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            // it has ended, or this system has no 'kill': wait for it
        }
    }
}
