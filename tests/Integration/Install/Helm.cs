using System.Diagnostics;
using System.Text;
using FluentAssertions;
using TestKit;

namespace Integration.Install;

/// <summary>helm and kubectl as hack/ensure-helm.sh finds or fetches them, as the administrator of a test's control plane.</summary>
internal static class Helm
{
    /// <summary>The chart.</summary>
    public static string Chart { get; } = Path.Combine(Golden.RepositoryRoot, "charts", "breakglass-operator");

    /// <summary>Runs helm; it must succeed.</summary>
    public static async Task<string> RunAsync(TestKit.ControlPlane controlPlane, params string[] arguments) =>
        await RunAsync(await EnsureAsync("helm"), controlPlane, [.. arguments, "-n", "breakglass-system"]);

    /// <summary>Runs helm, whatever comes of it.</summary>
    public static async Task<(int ExitCode, string Error)> TryAsync(TestKit.ControlPlane controlPlane, params string[] arguments)
    {
        var (code, _, error) = await StartAsync(await EnsureAsync("helm"), controlPlane, [.. arguments, "-n", "breakglass-system"]);
        return (code, error);
    }

    /// <summary>Runs the kubectl of helm's own release, which knows more of kustomize than the oldest servers' does; it must succeed.</summary>
    public static async Task<string> KubectlAsync(TestKit.ControlPlane controlPlane, params string[] arguments) =>
        await RunAsync(await EnsureAsync("kubectl"), controlPlane, arguments);

    /// <summary>The path of helm, or of that kubectl.</summary>
    public static async Task<string> EnsureAsync(string tool) =>
        (await RunAsync(Path.Combine(Golden.RepositoryRoot, "hack", "ensure-helm.sh"), null, [tool])).Trim();

    private static async Task<string> RunAsync(string file, TestKit.ControlPlane? controlPlane, string[] arguments)
    {
        var (code, output, error) = await StartAsync(file, controlPlane, arguments);
        code.Should().Be(0, $"{Path.GetFileName(file)} {string.Join(' ', arguments)} says\n{error}");
        return output;
    }

    private static async Task<(int Code, string Output, string Error)> StartAsync(string file, TestKit.ControlPlane? controlPlane, string[] arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        if (controlPlane is not null)
        {
            start.Environment["KUBECONFIG"] = controlPlane.AdminKubeconfig;
            start.Environment["HOME"] = Path.Combine(controlPlane.Directory, "helm-home");
        }

        using var process = Process.Start(start)!;
        var (output, error) = (new StringBuilder(), new StringBuilder());
        process.OutputDataReceived += (_, line) => output.AppendLine(line.Data);
        process.ErrorDataReceived += (_, line) => error.AppendLine(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var timeUp = new CancellationTokenSource(TimeSpan.FromMinutes(5), TimeProvider.System);
        try
        {
            await process.WaitForExitAsync(timeUp.Token);
        }
        catch (OperationCanceledException e)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{Path.GetFileName(file)} {string.Join(' ', arguments)} was expected to end within three minutes:\n{error}", e);
        }

        return (process.ExitCode, output.ToString(), error.ToString());
    }
}
