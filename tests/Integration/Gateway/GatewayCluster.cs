using k8s.Models;
using Kube.Client;
using TestKit;
using Xunit;

namespace Integration.Gateway;

/// <summary>A cluster with the operator and a gateway as processes of their own, each with the rights of its own ServiceAccount.</summary>
public class GatewayCluster : IAsyncLifetime
{
    internal const string Secret = "breakglass-gateway-tls";

    private readonly int _reports = Ports.Free();

    internal TestCluster Cluster { get; private set; } = null!;

    internal RunningOperator Operator { get; private set; } = null!;

    internal RunningOperator Gateway { get; private set; } = null!;

    /// <summary>What the gateway's pod mounts.</summary>
    internal string CertificateDirectory => Path.Combine(Cluster.ControlPlane.Directory, "gateway-tls");

    /// <summary>Of the gateway's ServiceAccount.</summary>
    internal string GatewayKubeconfig { get; private set; } = "";

    /// <summary>Where the API server posts audit events; null for nowhere.</summary>
    protected virtual int? AuditPort => null;

    /// <summary>Further options of the operator.</summary>
    private protected virtual Task<string[]> OptionsAsync(TestCluster cluster) => Task.FromResult<string[]>([]);

    /// <summary>What happens before the operator starts.</summary>
    protected virtual Task PrepareAsync() => Task.CompletedTask;

    /// <inheritdoc/>
    public virtual async Task InitializeAsync()
    {
        var port = Ports.Free();
        Cluster = await TestCluster.StartAsync(auditPort: AuditPort);
        await Cluster.AdminAsync("apply", "-f", Path.Combine(TestCluster.Config("components"), "gateway", "rbac.yaml"));
        await PrepareAsync();
        Operator = await Cluster.StartOperatorAsync(
            [$"--gateway-url=https://localhost:{port}", $"--gateway-reports-listen=127.0.0.1:{_reports}", .. await OptionsAsync(Cluster)]);
        GatewayKubeconfig = await Cluster.ControlPlane.ServiceAccountKubeconfigAsync("breakglass-system", "breakglass-gateway");
        Gateway = await StartGatewayAsync(Cluster, Operator, port, _reports);
    }

    /// <summary>Starts another replica of the gateway, on a port of its own.</summary>
    internal Task<RunningOperator> StartReplicaAsync(int port) => StartGatewayAsync(Cluster, Operator, port, _reports);

    /// <summary>Starts a gateway with the rights of its ServiceAccount, and with the certificate that the operator made for it.</summary>
    internal static async Task<RunningOperator> StartGatewayAsync(TestCluster cluster, RunningOperator @operator, int port, int reports)
    {
        await cluster.AdminAsync("apply", "-f", Path.Combine(TestCluster.Config("components"), "gateway", "rbac.yaml"));
        await Eventually.TrueAsync(
            async () => await cluster.Admin.TryGetAsync<V1Secret>(Secret, "breakglass-system", CancellationToken.None) is not null, () => @operator.Log,
            expected: $"Secret {Secret}");
        var directory = await MountAsync(cluster);
        return await RunningOperator.StartGatewayAsync(
            await cluster.ControlPlane.ServiceAccountKubeconfigAsync("breakglass-system", "breakglass-gateway"), $"--gateway-address=127.0.0.1:{port}",
            $"--gateway-cert-dir={directory}", $"--reports-url=https://127.0.0.1:{reports}");
    }

    /// <summary>Brings the Secret to the gateway as a kubelet does, without the key of the authority, and gives the directory.</summary>
    internal static async Task<string> MountAsync(TestCluster cluster)
    {
        var directory = Directory.CreateDirectory(Path.Combine(cluster.ControlPlane.Directory, "gateway-tls")).FullName;
        var secret = await cluster.Admin.GetAsync<V1Secret>(Secret, "breakglass-system", CancellationToken.None);
        foreach (var file in (string[])["tls.crt", "tls.key", "ca.crt"]) await File.WriteAllBytesAsync(Path.Combine(directory, file), secret.Data[file]);
        return directory;
    }

    /// <inheritdoc/>
    public virtual async Task DisposeAsync()
    {
        if (Gateway is not null) await Gateway.DisposeAsync();
        if (Operator is not null) await Operator.DisposeAsync();
        if (Cluster is not null) await Cluster.DisposeAsync();
    }
}
