using System.Globalization;
using System.Runtime.Versioning;
using FluentAssertions;
using Integration.Install;
using TestKit;
using Xunit;

namespace Integration.Docs;

/// <summary>The commands that install, upgrade and remove, in the order of a cluster's life.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class InstallPageTests : IAsyncLifetime
{
    private const string Page = "docs/install.md";
    private readonly string _directory = Directory.CreateTempSubdirectory("breakglass-install-").FullName;
    private TestKit.ControlPlane? _controlPlane;
    private Dictionary<string, string> _environment = [];
    private Kubelet? _kubelet;

    public async Task InitializeAsync()
    {
        _controlPlane = await TestKit.ControlPlane.StartAsync();
        _environment = await DocsCluster.EnvironmentAsync(_controlPlane, _directory);
        _environment["KUBECONFIG"] = _controlPlane.AdminKubeconfig;
        _kubelet = new(_controlPlane);
    }

    public async Task DisposeAsync()
    {
        if (_controlPlane is not null) await _controlPlane.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task The_commands_of_the_pages_install_upgrade_and_remove()
    {
        var left = Fences.Of(Page).Concat(Fences.Of("README.md", "On a cluster of your own")).Concat(Fences.Of("README.md", "Installing"))
            .Concat(Fences.Of("config/README.md")).ToList();
        Fence Next(string page, string has)
        {
            var next = left.Should().ContainSingle(
                f => f.Page == page && f.Commands.Contains(has, StringComparison.Ordinal), $"{page} shows '{has}' once").Subject;
            left.Remove(next);
            return next;
        }

        // By the chart. No node runs its pods: the kubelet of the tests does.
        await using (await InstallAsync(Next(Page, "rollout status")))
        {
            await TypeAsync(Next(Page, "helm upgrade"));
            await Task.WhenAll(TypeAsync(Next(Page, "breakglass-system --wait")), _kubelet!.RunJobAsync("breakglass-uninstall"));
        }

        await using (await InstallAsync(Next("README.md", "helm install"))) await TypeAsync(Next(Page, "--no-hooks"));

        // Helm refused the definitions that another release had left, and those of kubectl; the page said that the next release takes them over.
        await TypeAsync(Next(Page, "helm install emergency"));
        await AsAdministratorAsync("helm uninstall emergency -n breakglass-system --no-hooks --wait");
        var definitions = Release.Installed.Minor < 23 ? "config/crd-1.20" : "config/crd";
        await AsAdministratorAsync($"kubectl delete crd -l app.kubernetes.io/name=breakglass-operator && kubectl apply --server-side -k {definitions}");
        await TypeAsync(Next(Page, "--take-ownership --force-conflicts"));
        await AsAdministratorAsync("helm uninstall breakglass -n breakglass-system --no-hooks --wait");
        await TypeAsync(Next(Page, "kubectl delete crd"));

        // By files. Older servers are told to make an overlay: InstallFileTests does.
        foreach (var (page, has) in new[] { (Page, "install.yaml"), ("README.md", "-k config/default"), ("config/README.md", "-k config/default") })
        {
            var fence = Next(page, has);
            foreach (var line in fence.Commands.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var since = line.Contains("guard", StringComparison.Ordinal) ? 30 : 29;
                if (Release.Installed.Minor >= since) await TypeAsync(
                    fence with { Commands = line.Replace("apply --server-side", "apply --server-side --force-conflicts", StringComparison.Ordinal) });
            }
        }

        left.Should().BeEmpty("each block has its place in a cluster's life");
    }

    private async Task<RunningOperator> InstallAsync(Fence fence)
    {
        // What only this machine needs: nothing else leads to the webhooks here.
        var typing = TypeAsync(fence with { Commands = fence.Commands
            .Replace("charts/breakglass-operator ", $"charts/breakglass-operator --set webhook.url={_kubelet!.WebhookUrl} ", StringComparison.Ordinal) });
        await Eventually.TrueAsync(
            async () => typing.IsFaulted || (await _controlPlane!.KubectlAsync(_controlPlane.AdminKubeconfig,
                ["get", "deployment", "breakglass-operator", "-n", "breakglass-system"])).ExitCode == 0, expected: "the Deployment");
        if (typing.IsFaulted) await typing;
        var running = await _kubelet.StartOperatorAsync();
        await _kubelet.SayReadyAsync();
        await typing;
        return running;
    }

    private Task TypeAsync(Fence fence) => RunAsync(fence.Commands, fence.ToString());

    private Task AsAdministratorAsync(string commands) => RunAsync(commands, commands);

    private async Task RunAsync(string commands, string what)
    {
        var (code, output) = await Shell.RunAsync("bash", ["-euc", commands], _environment, _directory);
        code.Should().Be(0, string.Create(CultureInfo.InvariantCulture, $"{what} says\n{output}").Replace("{", "{{", StringComparison.Ordinal)
            .Replace("}", "}}", StringComparison.Ordinal));
    }
}
