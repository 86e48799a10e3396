using k8s.Models;
using Kube.Client;
using TestKit;
using Xunit;

namespace Integration.Gateway;

/// <summary>A cluster with the operator and a gateway as processes of their own, each with the rights of its own ServiceAccount.</summary>
public sealed class GatewayCluster : IAsyncLifetime
{
    private const string Secret = "breakglass-gateway-tls";

    internal TestCluster Cluster { get; private set; } = null!;

    internal RunningOperator Operator { get; private set; } = null!;

    internal RunningOperator Gateway { get; private set; } = null!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        var port = Ports.Free();
        Cluster = await TestCluster.StartAsync();
        await Cluster.AdminAsync("apply", "-f", Path.Combine(TestCluster.Config("components"), "gateway", "rbac.yaml"));
        Operator = await Cluster.StartOperatorAsync($"--gateway-url=https://localhost:{port}");
        var directory = Directory.CreateDirectory(Path.Combine(Cluster.ControlPlane.Directory, "gateway-tls")).FullName;
        var secret = await Eventually.GetAsync(
            () => Cluster.Admin.TryGetAsync<V1Secret>(Secret, "breakglass-system", CancellationToken.None), () => Operator.Log,
            expected: $"Secret {Secret}");

        // What the gateway's pod mounts: not the key of the authority.
        foreach (var file in (string[])["tls.crt", "tls.key", "ca.crt"]) await File.WriteAllBytesAsync(Path.Combine(directory, file), secret.Data[file]);
        Gateway = await RunningOperator.StartGatewayAsync(
            await Cluster.ControlPlane.ServiceAccountKubeconfigAsync("breakglass-system", "breakglass-gateway"), $"--gateway-address=127.0.0.1:{port}",
            $"--gateway-cert-dir={directory}");
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (Gateway is not null) await Gateway.DisposeAsync();
        if (Operator is not null) await Operator.DisposeAsync();
        if (Cluster is not null) await Cluster.DisposeAsync();
    }
}
