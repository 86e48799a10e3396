using System.Diagnostics;
using System.Text.Json.Nodes;
using TestKit;

namespace Manifests.Chart;

/// <summary>The scripts of hack/, and helm and kubectl as hack/ensure-helm.sh finds or fetches them.</summary>
internal static class Tool
{
    private static readonly Lazy<Task<string>> s_helm = new(() => EnsureAsync("helm"));
    private static readonly Lazy<Task<string>> s_kubectl = new(() => EnsureAsync("kubectl"));

    public static string Chart { get; } = Path.Combine(Golden.RepositoryRoot, "charts", "breakglass-operator");

    public static string Hack(string script) => Path.Combine(Golden.RepositoryRoot, "hack", script);

    public static async Task<ToolResult> HelmAsync(params string[] arguments) => await RunAsync(await s_helm.Value, arguments);

    /// <summary>The objects that the chart gives, those of hooks included.</summary>
    public static async Task<IReadOnlyList<JsonNode>> TemplateAsync(string kubeVersion, params string[] arguments)
    {
        var result = await HelmAsync(["template", "breakglass", Chart, "-n", "breakglass-system", "--kube-version", kubeVersion, .. arguments]);
        if (result.ExitCode != 0) throw new InvalidOperationException($"helm template {string.Join(' ', arguments)}: {result.Error}");
        return YamlText.Parse(result.Output);
    }

    /// <summary>The objects of a kustomization made of these directories and components of config/, and of further lines.</summary>
    public static async Task<IReadOnlyList<JsonNode>> KustomizeAsync(string[] resources, string[] components, string more = "")
    {
        var overlay = Directory.CreateTempSubdirectory("breakglass-overlay-");
        try
        {
            // kustomize knows relative paths only.
            string Lines(string[] names) =>
                string.Concat(names.Select(name => $"- {Path.GetRelativePath(overlay.FullName, Path.Combine(ConfigDirectory.Root, name))}\n"));
            await File.WriteAllTextAsync(
                Path.Combine(overlay.FullName, "kustomization.yaml"), $"resources:\n{Lines(resources)}components:\n{Lines(components)}{more}");
            var result = await RunAsync(await s_kubectl.Value, ["kustomize", overlay.FullName]);
            return result.ExitCode == 0 ? YamlText.Parse(result.Output) : throw new InvalidOperationException(result.Error);
        }
        finally
        {
            overlay.Delete(recursive: true);
        }
    }

    public static async Task<ToolResult> RunAsync(string file, IEnumerable<string> arguments, int seconds = 60)
    {
        using var timeUp = new CancellationTokenSource(TimeSpan.FromSeconds(seconds), TimeProvider.System);
        using var process = Process.Start(
            new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(timeUp.Token);
            var error = process.StandardError.ReadToEndAsync(timeUp.Token);
            await process.WaitForExitAsync(timeUp.Token);
            return new(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException e)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{file} was expected to end within {seconds} s and did not.", e);
        }
    }

    // It may have to fetch the package first.
    private static async Task<string> EnsureAsync(string tool)
    {
        var result = await RunAsync(Hack("ensure-helm.sh"), [tool], seconds: 300);
        return result.ExitCode == 0 ? result.Output.Trim() : throw new InvalidOperationException(result.Error);
    }
}
