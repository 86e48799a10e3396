using System.Diagnostics;
using System.Text;
using TestKit;

namespace Integration.Docs;

/// <summary>Runs what a page tells people to type, as their shell would.</summary>
internal static class Shell
{
    /// <summary>Runs a program to its end, and gives its exit code and all it wrote, both outputs in one as on a terminal.</summary>
    /// <exception cref="TimeoutException">It did not end; it was killed.</exception>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        string file, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, string? directory = null, TimeSpan? limit = null)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = directory
                ?? Golden.RepositoryRoot,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{file} did not start");
        process.StandardInput.Close();
        var output = new StringBuilder();
        void Hear(string? line)
        {
            if (line is null) return;
            lock (output) output.Append(line).Append('\n');
        }

        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.ErrorDataReceived += (_, line) => Hear(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var most = limit ?? TimeSpan.FromMinutes(5);
        using var timeUp = new CancellationTokenSource(most, TimeProvider.System);
        try
        {
            await process.WaitForExitAsync(timeUp.Token);
        }
        catch (OperationCanceledException e)
        {
            process.Kill(entireProcessTree: true);
            lock (output) throw new TimeoutException(
                $"{Path.GetFileName(file)} {string.Join(' ', arguments)} was expected to end within {most.TotalSeconds:0} s; it said\n{output}", e);
        }

        lock (output) return (process.ExitCode, output.ToString());
    }
}
