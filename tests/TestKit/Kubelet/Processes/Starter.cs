using System.Collections.Concurrent;
using System.Diagnostics;

namespace TestKit.Kubelet.Processes;

/// <summary>
/// Starts processes on one thread that lives as long as the test process. The kernel kills them when the thread that started them ends
/// (<c>setpriv --pdeathsig</c>), so that they die with the test process however that ends.
/// </summary>
internal static class Starter
{
    private static readonly Lazy<BlockingCollection<Action>> s_work = new(StartThread);

    /// <summary>Starts a command as the leader of a session of its own.</summary>
    /// <param name="terminal">The file of the terminal that becomes its controlling one, and its input and output; null for pipes.</param>
    public static async Task<Process> StartAsync(
        IEnumerable<string> command, string directory, IReadOnlyDictionary<string, string> environment, string? terminal)
    {
        // The shell opens the terminal and is replaced: all of this is one process, whose number is the session's.
        string[] prefix = terminal is null
            ? ["setsid", "setpriv", "--pdeathsig", "KILL", "--"]
            : ["sh", "-c", "exec setsid --ctty setpriv --pdeathsig KILL -- \"$@\" <\"$0\" >\"$0\" 2>&1", terminal];
        var start = new ProcessStartInfo(prefix[0])
        {
            WorkingDirectory = directory,
            UseShellExecute = false,
            RedirectStandardInput = terminal is null,
            RedirectStandardOutput = terminal is null,
            RedirectStandardError = terminal is null,
        };
        foreach (var argument in (IEnumerable<string>)[.. prefix.Skip(1), .. command]) start.ArgumentList.Add(argument);
        start.Environment.Clear();
        foreach (var (name, value) in environment) start.Environment[name] = value;

        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        s_work.Value.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(start) ?? throw new InvalidOperationException($"{prefix[0]} did not start."));
            }
            catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
            {
                started.SetException(e);
            }
        });
        return await started.Task;
    }

    private static BlockingCollection<Action> StartThread()
    {
        var work = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var start in work.GetConsumingEnumerable()) start();
        }) { IsBackground = true, Name = "starts the test kubelet's processes" }.Start();
        return work;
    }
}
