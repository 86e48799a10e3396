using System.Diagnostics;

namespace Soak.Site;

/// <summary>Runs a command to its end.</summary>
internal static class Command
{
    /// <summary>Exit code, standard output and standard error.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? input = null,
        CancellationToken cancellationToken = default)
    {
        var start = new ProcessStartInfo(
            file, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{file} did not start");
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(cancellationToken), process.StandardError.ReadToEndAsync(cancellationToken));
            if (input is not null) await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
            process.StandardInput.Close();
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>The standard output of a command that must succeed.</summary>
    public static async Task<string> OrThrowAsync(
        string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? input = null)
    {
        var words = arguments.ToArray();
        var (code, output, error) = await RunAsync(file, words, environment, input);
        return code == 0 ? output : throw new InvalidOperationException(
            $"{Path.GetFileName(file)} {string.Join(' ', words)} ended with exit code {code}:\n{error}");
    }

    /// <summary>Sends a signal, by the name that <c>kill</c> knows, to a process of this run.</summary>
    public static Task SignalAsync(int process, string signal) =>
        RunAsync("bash", ["-c", "kill -\"$0\" \"$1\"", signal, process.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
}
