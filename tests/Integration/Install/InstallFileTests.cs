using TestKit;
using Xunit;

namespace Integration.Install;

/// <summary>
/// What the page about installing says for those without Helm: deploy/install.yaml, or on servers that are older than it an overlay of config/.
/// </summary>
public sealed class InstallFileTests
{
    [Fact]
    public async Task The_file_installs_an_operator_that_gives_access()
    {
        await using var cluster = await TestCluster.StartAsync(InstallAsync);
        await using var running = await cluster.StartOperatorAsync();
        var incident = await Incident.BeginAsync(cluster);
        await incident.ActivateAsync("10m");
        await incident.AllowedAsync(await incident.FetchKubeconfigAsync());
        await incident.RevokeAsync();
        await incident.WaitAsync("Revoked");
    }

    // As config/README.md lists them.
    private static string[] Components() => Release.Installed.Minor switch
    {
        20 => ["without-cel", "cronjob-v1beta1", "flowcontrol-v1beta1"],
        <= 22 => ["without-cel", "flowcontrol-v1beta1"],
        <= 25 => ["flowcontrol-v1beta2"],
        _ => ["flowcontrol-v1beta3"],
    };

    private static async Task InstallAsync(TestKit.ControlPlane controlPlane)
    {
        string[] apply = ["apply", "--server-side", "--force-conflicts"];
        var deploy = Path.Combine(Golden.RepositoryRoot, "deploy");
        if (Release.Installed.Minor >= 29)
        {
            await Helm.KubectlAsync(controlPlane, [.. apply, "-f", Path.Combine(deploy, "install.yaml")]);
            if (Release.Installed.Minor >= 30) await Helm.KubectlAsync(controlPlane, [.. apply, "-f", Path.Combine(deploy, "guard.yaml")]);

            // Webhooks would lead to a Service behind which nothing runs here.
            await controlPlane.AdminAsync(
                ["delete", "mutatingwebhookconfigurations,validatingwebhookconfigurations", "-l", "app.kubernetes.io/name=breakglass-operator"]);
            return;
        }

        var overlay = Path.Combine(controlPlane.Directory, "overlay");
        Directory.CreateDirectory(overlay);
        string Below(string name) => Path.GetRelativePath(overlay, TestCluster.Config(name));
        await File.WriteAllTextAsync(Path.Combine(overlay, "kustomization.yaml"), $"""
            resources: [{Below("default")}]
            components: [{string.Join(", ", Components().Select(c => Below($"components/{c}")))}]
            """);
        var rendered = await Helm.KubectlAsync(controlPlane, "kustomize", overlay);
        (await controlPlane.KubectlAsync(controlPlane.AdminKubeconfig, [.. apply, "-f", "-"], rendered)).OrThrow();
        await controlPlane.AdminAsync(
            ["delete", "mutatingwebhookconfigurations,validatingwebhookconfigurations", "-l", "app.kubernetes.io/name=breakglass-operator"]);
    }
}
