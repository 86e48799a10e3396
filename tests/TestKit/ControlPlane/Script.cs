using System.Diagnostics;

namespace TestKit;

/// <summary>Runs the scripts of hack/ and other commands.</summary>
internal static class Script
{
    /// <summary>The repository's root: the nearest directory above the test assembly that holds the solution.</summary>
    internal static string Root { get; } = FindRoot();

    internal static string Path(string name) => System.IO.Path.Combine(Root, "hack", name);

    internal static ProcessStartInfo Describe(string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(
            file) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        return start;
    }

    internal static Process Start(ProcessStartInfo start) =>
        Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");

    /// <summary>Runs a command to its end; ends it, and all it started, when the time is up or the token is cancelled.</summary>
    /// <exception cref="TimeoutException">It did not end in time.</exception>
    internal static async Task<CommandResult> RunAsync(ProcessStartInfo start, TimeSpan limit, CancellationToken cancellationToken, string? input = null)
    {
        var line = $"{System.IO.Path.GetFileName(start.FileName)} {string.Join(' ', start.ArgumentList)}";
        using var timeUp = new CancellationTokenSource(limit, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeUp.Token, cancellationToken);
        using var process = Start(start);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(either.Token);
            var error = process.StandardError.ReadToEndAsync(either.Token);
            await WriteInputAsync(process, input, either.Token).ConfigureAwait(false);
            await process.WaitForExitAsync(either.Token).ConfigureAwait(false);
            return new CommandResult(line, process.ExitCode, await output.ConfigureAwait(false), await error.ConfigureAwait(false));
        }
        catch (OperationCanceledException e) when (timeUp.IsCancellationRequested)
        {
            throw new TimeoutException($"`{line}` was expected to end within {limit.TotalSeconds:0} s and did not; it was killed.", e);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static async Task WriteInputAsync(Process process, string? input, CancellationToken cancellationToken)
    {
        try
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken).ConfigureAwait(false);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading all of its input: its exit code and output say why.
        }
    }

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(at.FullName, "BreakGlassOperator.sln")))
            {
                return at.FullName;
            }
        }

        throw new InvalidOperationException($"no directory above {AppContext.BaseDirectory} holds BreakGlassOperator.sln: run the tests from a checkout.");
    }
}
