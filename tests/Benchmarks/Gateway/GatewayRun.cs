using System.Globalization;
using BreakGlass.Core.Api;
using k8s.Models;
using Kube.Client;
using TestKit;

namespace Benchmarks.Gateway;

/// <summary>
/// An operator and a gateway, each as its own process with its own ServiceAccount, a pod on a test kubelet, and a policy with the path Gateway.
/// </summary>
internal sealed class GatewayRun : IAsyncDisposable
{
    /// <summary>The ConfigMap that is read and watched.</summary>
    public const string SmallName = "small";

    /// <summary>The pod for exec.</summary>
    public const string PodName = "tools";

    /// <summary>Its container.</summary>
    public const string ContainerName = "tools";

    /// <summary>The namespace with the large list.</summary>
    public const string LargeNamespace = "large";

    private const string PolicyName = "bench-gateway";
    private const string SystemNamespace = "breakglass-system";
    private const string CertificateSecret = "breakglass-gateway-tls";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly List<GrantHolder> _holders = [];

    private GatewayRun(BenchmarkCluster cluster) => Cluster = cluster;

    /// <summary>The control plane.</summary>
    public BenchmarkCluster Cluster { get; }

    /// <summary>The gateway's process.</summary>
    public OperatorUnderTest Gateway { get; private set; } = null!;

    /// <summary>What is seen of grants.</summary>
    public GrantWatch Grants { get; private set; } = null!;

    /// <summary>A directory with the gateway's <c>tls.crt</c>, <c>tls.key</c> and <c>ca.crt</c>.</summary>
    public string CertificateDirectory => Path.Combine(Cluster.Directory, "gateway-tls");

    private OperatorUnderTest? Operator { get; set; }

    private KubeletProcess? Kubelet { get; set; }

    public static async Task<GatewayRun> StartAsync(BenchmarkCluster cluster, CancellationToken cancellationToken)
    {
        var run = new GatewayRun(cluster);
        try
        {
            await run.StartAsync(cancellationToken);
            return run;
        }
        catch
        {
            await run.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates a grant, waits until it is active, and takes its credential.</summary>
    public async Task<GrantHolder> HoldAsync(string name, string duration, CancellationToken cancellationToken)
    {
        await Cluster.Admin.CreateAsync(BenchmarkCluster.Grant(name, duration, PolicyName), cancellationToken);
        var (_, grant) = await Grants.ActiveAsync(name, cancellationToken);
        var holder = await GrantHolder.OfAsync(Cluster, grant, cancellationToken);
        lock (_holders) _holders.Add(holder);
        return holder;
    }

    public async ValueTask DisposeAsync()
    {
        if (Gateway is not null) await Gateway.DisposeAsync();
        if (Kubelet is not null) await Kubelet.DisposeAsync();
        if (Operator is not null) await Operator.DisposeAsync();
        if (Grants is not null) await Grants.DisposeAsync();
        foreach (var holder in _holders) holder.Dispose();
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        var plane = Cluster.ControlPlane;
        await plane.AdminAsync(["apply", "-f", "config/components/gateway/rbac.yaml"], cancellationToken: cancellationToken);
        var (address, reports) = (string.Create(CultureInfo.InvariantCulture, $"localhost:{Ports.Free()}"), Ports.Free());
        Operator = await OperatorUnderTest.StartAsync(
            Cluster, null, cancellationToken, $"--gateway-url=https://{address}", $"--gateway-reports-listen=127.0.0.1:{reports}");
        var directory = Directory.CreateDirectory(CertificateDirectory).FullName;
        var secret = await CertificatesAsync(cancellationToken);
        foreach (var file in (string[])["tls.crt", "tls.key", "ca.crt"])
            await File.WriteAllBytesAsync(Path.Combine(directory, file), secret.Data[file], cancellationToken);
        Gateway = await OperatorUnderTest.StartGatewayAsync(
            Cluster, await plane.ServiceAccountKubeconfigAsync(SystemNamespace, "breakglass-gateway", cancellationToken: cancellationToken),
            cancellationToken, $"--gateway-address={address.Replace("localhost", "127.0.0.1", StringComparison.Ordinal)}", $"--gateway-cert-dir={directory}",
            $"--reports-url=https://127.0.0.1:{reports}");
        Kubelet = await KubeletProcess.StartAsync(plane, BenchmarkCluster.Namespace, PodName, ContainerName, cancellationToken);
        await Cluster.Admin.CreateAsync(new V1Namespace { Metadata = new() { Name = LargeNamespace } }, cancellationToken);
        await plane.AdminAsync(
            ["create", "configmap", SmallName, "-n", BenchmarkCluster.Namespace, "--from-literal=a=b"], cancellationToken: cancellationToken);
        Grants = await GrantWatch.StartAsync(Cluster.Admin, cancellationToken);
        await Cluster.Admin.CreateAsync(
            BenchmarkCluster.Policy(PolicyName, SessionPath.Gateway, BenchmarkCluster.Namespace, LargeNamespace), cancellationToken);
    }

    private async Task<V1Secret> CertificatesAsync(CancellationToken cancellationToken)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (await Cluster.Admin.TryGetAsync<V1Secret>(CertificateSecret, SystemNamespace, cancellationToken) is { Data.Count: > 0 } secret) return secret;
            if (TimeProvider.System.GetElapsedTime(began) > Patience) throw new TimeoutException($"The operator did not create Secret {CertificateSecret}.");
            await Task.Delay(Poll, TimeProvider.System, cancellationToken);
        }
    }
}
