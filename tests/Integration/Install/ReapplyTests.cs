using System.Globalization;
using System.Text.Json.Nodes;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Integration.Install;

/// <summary>
/// Manifests are applied again by the one who owns them (Helm 4, Flux, Argo CD, kubectl: all on the server's side, and none of them by force), after
/// the operator has written CA and paths into its webhook configurations.
/// </summary>
public sealed class ReapplyTests
{
    private static readonly string[] s_configurations = ["mutatingwebhookconfiguration/breakglass-operator",
        "validatingwebhookconfiguration/breakglass-operator", "mutatingwebhookconfiguration/breakglass-operator-guard"];

    private static string[] Directories => Release.Installed.Minor >= 28 ? ["webhook", "guard-1.28", "stamp"] : ["webhook", "guard-legacy"];

    [Fact]
    public async Task Webhook_configurations_are_applied_again_without_force_and_keep_the_paths_of_the_operator()
    {
        await using var cluster = await TestCluster.StartAsync();
        (await ApplyAsync(cluster)).OrThrow();
        (await PathsAsync(cluster)).Should().OnlyContain(path => path == "", "the manifests name none");

        await using var running = await cluster.StartOperatorAsync(
            "--trust-requester=false", "--webhook=true", $"--webhook-address=127.0.0.1:{Ports.Free().ToString(CultureInfo.InvariantCulture)}");
        var paths = await PathsAsync(cluster);
        paths.Should().OnlyContain(path => path.Length > 32, "a ready operator has written them").And.OnlyHaveUniqueItems();

        (await ApplyAsync(cluster)).OrThrow();
        (await ApplyAsync(cluster, text => text.Replace("timeoutSeconds: 5", "timeoutSeconds: 6", StringComparison.Ordinal))).OrThrow();
        (await PathsAsync(cluster)).Should().Equal(paths);
        (await ConfigurationAsync(cluster, s_configurations[0]))["webhooks"]!.AsArray()
            .Should().OnlyContain(w => w!["timeoutSeconds"]!.GetValue<int>() == 6 && w["clientConfig"]!["caBundle"] != null);

        // An entry that a later release leaves out goes, though the operator has written into it.
        var manifest = await File.ReadAllTextAsync(Path.Combine(TestCluster.Config("webhook"), "mutating.yaml"));
        (await ApplyAsync(cluster, _ => manifest[..manifest.IndexOf("# The kill switch", StringComparison.Ordinal)])).OrThrow();
        (await ConfigurationAsync(cluster, s_configurations[0]))["webhooks"]!.AsArray()
            .Should().ContainSingle().Which!["clientConfig"]!["service"]!["path"]!.GetValue<string>().Should().Be(paths[0]);

        // Removed and installed again: the operator starts over.
        await cluster.AdminAsync(["delete", .. s_configurations]);
        (await ApplyAsync(cluster)).OrThrow();
        await Eventually.TrueAsync(async () => (await PathsAsync(cluster)).All(path => path.Length > 32), expected: "a path for each webhook");
        (await running.StopAsync()).Should().Be(0);
    }

    private static async Task<CommandResult> ApplyAsync(TestCluster cluster, Func<string, string>? change = null)
    {
        var manifests = new List<string>();
        foreach (var directory in Directories) manifests.Add(await Helm.KubectlAsync(cluster.ControlPlane, "kustomize", TestCluster.Config(directory)));
        var text = string.Join("\n---\n", manifests);
        return await cluster.ControlPlane.KubectlAsync(
            cluster.ControlPlane.AdminKubeconfig, ["apply", "--server-side", "--field-manager=helm", "-f", "-"], change?.Invoke(text) ?? text);
    }

    private static async Task<IReadOnlyList<string>> PathsAsync(TestCluster cluster)
    {
        var paths = new List<string>();
        foreach (var configuration in s_configurations)
        {
            paths.AddRange((await ConfigurationAsync(cluster, configuration))["webhooks"]!.AsArray()
                .Select(w => w!["clientConfig"]!["service"]!["path"]?.GetValue<string>() ?? ""));
        }

        return paths;
    }

    private static async Task<JsonNode> ConfigurationAsync(TestCluster cluster, string name) =>
        JsonNode.Parse(await cluster.AdminAsync("get", name, "-o", "json"))!;
}
