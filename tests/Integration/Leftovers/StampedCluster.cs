using System.Globalization;
using Integration.Admission;
using TestKit;
using Xunit;

namespace Integration.Leftovers;

/// <summary>A cluster as it is meant to be run, with the guard and the stamp of config/guard, and the operator's webhooks reached by URL.</summary>
public sealed class StampedCluster : IAsyncLifetime
{
    private TestCluster? _cluster;
    private RunningOperator? _operator;

    internal TestCluster Cluster => _cluster!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        var port = Ports.Free();
        await AdmissionCluster.InstallWebhooksAsync(_cluster, port);
        if (Release.Installed.Minor >= 30) await PlugInAsync(_cluster, port);

        // To list workloads is a right that the operator has only if it is given.
        await _cluster.AdminAsync("apply", "-f", Path.Combine(TestCluster.Config("components"), "leftovers-look", "operator_look.yaml"));
        _operator = await RunningOperator.StartAsync(
            _cluster.OperatorKubeconfig, "--trust-requester=false", "--webhook=true",
            $"--webhook-address=127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}",
            "--webhook-extra-names=127.0.0.1", "--list-workloads", "--protected-namespaces=istio-system");
        await Eventually.TrueAsync(_operator.LeadsAsync);
        await Eventually.TrueAsync(async () => (await _cluster.KubectlAsync(
            _cluster.ControlPlane.AdminKubeconfig, "create", "--dry-run=server", "-f",
            Path.Combine(TestCluster.Config("samples"), "policy.yaml"))).ExitCode == 0);
        if (Release.Installed.Minor < 30) return;
        await PluggedInAsync(_cluster);
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_operator is not null) await _operator.DisposeAsync();
        if (_cluster is not null) await _cluster.DisposeAsync();
    }

    /// <summary>An active grant of <c>edit</c>, and the kubeconfig of its identity.</summary>
    internal async Task<(Incident Incident, string Kubeconfig)> GrantAsync(string spec = "", string? access = null)
    {
        var incident = await Incident.BeginAsync(Cluster, spec, access);
        await incident.ActivateAsync("30m");
        return (incident, await incident.FetchKubeconfigAsync());
    }

    /// <summary>Applies config/guard with URLs in the place of the Service, for an operator that serves the webhooks at a port of this machine.</summary>
    internal static async Task PlugInAsync(TestCluster cluster, int port)
    {
        await cluster.AdminAsync("apply", "-k", TestCluster.Config("guard"));
        foreach (var (name, path, webhooks) in new[] { ("breakglass-operator-guard", "guard", 3), ("breakglass-operator-stamp", "stamp", 1) })
        {
            var patch = string.Join(',', Enumerable.Range(0, webhooks).Select(i =>
                $$"""{"op":"replace","path":"/webhooks/{{i}}/clientConfig","value":{"url":"https://127.0.0.1:{{port}}/{{path}}"} }"""));
            await cluster.AdminAsync("patch", "mutatingwebhookconfiguration", name, "--type=json", "-p", $"[{patch}]");
        }
    }

    /// <summary>Waits until the operator has written its CA into the stamp's configuration.</summary>
    internal static Task PluggedInAsync(TestCluster cluster) => Eventually
        .TrueAsync(async () => (await cluster.AdminAsync(
            "get", "mutatingwebhookconfiguration", "breakglass-operator-stamp", "-o", "jsonpath={.webhooks[0].clientConfig.caBundle}")).Length > 0,
        expected: "the stamp's webhook to be usable");
}
