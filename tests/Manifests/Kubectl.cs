using System.Diagnostics;
using FluentAssertions;

namespace Manifests;

internal static class Kubectl
{
    public static string? Path { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator)
        .Select(directory => System.IO.Path.Combine(directory, "kubectl")).FirstOrDefault(File.Exists);

    public static async Task<string> RenderAsync(string directory)
    {
        using var timeUp = new CancellationTokenSource(TimeSpan.FromSeconds(120), TimeProvider.System);
        using var process = Process.Start(
            new ProcessStartInfo(Path!, ["kustomize", directory]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var output = process.StandardOutput.ReadToEndAsync(timeUp.Token);
        var error = process.StandardError.ReadToEndAsync(timeUp.Token);
        await process.WaitForExitAsync(timeUp.Token);
        process.ExitCode.Should().Be(0, $"kubectl kustomize {directory} says: {await error}");
        return await output;
    }
}
