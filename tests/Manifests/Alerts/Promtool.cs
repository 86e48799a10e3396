using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Manifests.Alerts;

/// <summary>The rules as promtool takes them: what stands below spec, which as JSON is YAML too.</summary>
internal static class Promtool
{
    public static bool IsThere { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(directory => File.Exists(Path.Combine(directory, "promtool")));

    /// <summary>The spec of the PrometheusRule.</summary>
    public static JsonNode Spec { get; } = ConfigDirectory.Read("prometheus/rules.yaml").Single()["spec"]!;

    /// <summary>All rules of all groups.</summary>
    public static IReadOnlyList<JsonNode> Rules { get; } = [.. Spec["groups"]!.AsArray().SelectMany(group => group!["rules"]!.AsArray())
        .Select(rule => rule!)];

    /// <summary>Runs promtool in a directory that holds the rules as rules.json and, where given, a file of tests.</summary>
    /// <returns>The exit code and all it said.</returns>
    public static async Task<(int ExitCode, string Said)> RunAsync(string[] arguments, JsonNode rules, string? tests = null)
    {
        var directory = Directory.CreateTempSubdirectory("breakglass-rules-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "rules.json"), rules.ToJsonString());
            if (tests is not null) await File.WriteAllTextAsync(Path.Combine(directory.FullName, "rules.test.yaml"), tests);
            using var timeUp = new CancellationTokenSource(TimeSpan.FromSeconds(120), TimeProvider.System);
            using var process = Process.Start(new ProcessStartInfo("promtool", arguments)
            {
                WorkingDirectory = directory.FullName, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
            })!;
            var output = process.StandardOutput.ReadToEndAsync(timeUp.Token);
            var error = process.StandardError.ReadToEndAsync(timeUp.Token);
            try
            {
                await process.WaitForExitAsync(timeUp.Token);
            }
            catch (OperationCanceledException e)
            {
                process.Kill();
                throw new TimeoutException($"promtool {string.Join(' ', arguments)} did not end within a minute", e);
            }

            return (process.ExitCode, await output + await error);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
