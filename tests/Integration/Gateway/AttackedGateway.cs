using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit;
using TestKit.Kubelet;

namespace Integration.Gateway;

/// <summary>A gateway that is attacked: two grants that are active, and what an attacker may have got hold of.</summary>
public sealed class AttackedGateway : GatewayCluster
{
    private readonly List<IDisposable> _owned = [];
    private TestKubelet? _kubelet;

    /// <summary>The grant that the attacks are about, and another one.</summary>
    internal Incident Mine { get; private set; } = null!;

    internal Incident Other { get; private set; } = null!;

    /// <summary>The certificates of these grants, with their keys.</summary>
    internal X509Certificate2 Certificate { get; private set; } = null!;

    internal X509Certificate2 OtherCertificate { get; private set; } = null!;

    /// <summary>The gateway's CA with its key, which only the operator has, and that of the webhooks.</summary>
    internal X509Certificate2 Authority { get; private set; } = null!;

    internal X509Certificate2 WebhookAuthority { get; private set; } = null!;

    /// <summary>The certificate that the gateway serves, with its key.</summary>
    internal X509Certificate2 Served { get; private set; } = null!;

    /// <summary>The gateway, and the CA of its certificate, as kubeconfigs name them.</summary>
    internal Uri Address { get; private set; } = null!;

    internal X509Certificate2 Trusted { get; private set; } = null!;

    /// <summary>The resource version before there were many ConfigMaps in the namespace.</summary>
    internal string? BeforeMany { get; set; }

    /// <summary>An operator with webhooks makes their CA. The one of the tests has none, because no Service leads to them here.</summary>
    protected override async Task PrepareAsync()
    {
        await using var other = RunningOperator.Launch(
            Cluster.OperatorKubeconfig, "--leader-elect=false", "--webhook=true", $"--webhook-address=127.0.0.1:{Ports.Free()}");
        WebhookAuthority = await AuthorityAsync("breakglass-webhook-tls");
        await other.KillAsync();
    }

    /// <inheritdoc/>
    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Authority = await AuthorityAsync("breakglass-gateway-tls");
        var (served, key) = (await TextAsync("tls.crt"), await TextAsync("tls.key"));
        Served = Own(X509Certificate2.CreateFromPem(served, key));

        // The longest that the policy allows: they must last for all classes of the collection.
        (Mine, var mine) = await OpenAsync(duration: "1h");
        (Other, var other) = await OpenAsync(duration: "1h");
        (Certificate, OtherCertificate) = (CertificateOf(mine), CertificateOf(other));
        Address = mine.Server;
        Trusted = Own(X509Certificate2.CreateFromPem(mine.CertificateAuthority!.Read()));
    }

    /// <inheritdoc/>
    public override async Task DisposeAsync()
    {
        foreach (var owned in _owned) owned.Dispose();
        if (_kubelet is not null) await _kubelet.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>A grant of its own for an attack that ends it, and how it reaches the gateway.</summary>
    /// <param name="access">The access entry of the policy, as YAML flow.</param>
    /// <param name="duration">How long; the policy's default where null.</param>
    /// <param name="policy">A line of the policy's spec that is added.</param>
    internal async Task<(Incident Incident, ClusterConnection Connection)> OpenAsync(string? access = null, string? duration = "30m", string policy = "")
    {
        var incident = await Incident.BeginAsync(Cluster, $"  session: {{path: Gateway}}\n  {policy}".TrimEnd(), access);
        (await incident.ActivateAsync(duration)).Status.Path.Should().Be(SessionPath.Gateway);
        return (incident, ClusterConnection.FromKubeconfig(await incident.FetchKubeconfigAsync()));
    }

    /// <summary>The same for a grant that ends by its time, and what must be done before it ends.</summary>
    internal async Task<(Incident Incident, ClusterConnection Connection)> OpenBrieflyAsync(
        int seconds, Func<Incident, ClusterConnection, Task>? use = null)
    {
        var incident = await Incident.BeginAsync(Cluster, "  session: {path: Gateway}");
        ClusterConnection? connection = null;
        await incident.WhileItLastsAsync(seconds, async grant =>
        {
            grant.Status.Path.Should().Be(SessionPath.Gateway);
            connection = ClusterConnection.FromKubeconfig(await incident.FetchKubeconfigAsync());
            if (use is not null) await use(incident, connection);
        });
        return (incident, connection!);
    }

    /// <summary>The client certificate of a kubeconfig.</summary>
    internal X509Certificate2 CertificateOf(ClusterConnection connection) =>
        Own(X509Certificate2.CreateFromPem(connection.ClientCertificate!.Read(), connection.ClientKey!.Read()));

    /// <summary>The kubelet, started when the first attack needs it.</summary>
    internal async Task<TestKubelet> KubeletAsync() => _kubelet ??= await TestKubelet.StartAsync(Cluster.ControlPlane);

    /// <summary>Installs the part of the persistence guard that the API server runs itself: there is no Service here that would lead to its webhook.</summary>
    internal async Task GuardAsync()
    {
        await Cluster.AdminAsync("apply", "-k", TestCluster.Config("guard"));
        await Cluster.AdminAsync("delete", "mutatingwebhookconfiguration", "breakglass-operator-guard", "--ignore-not-found");
        var probe = await Cluster.ControlPlane.UserKubeconfigAsync("system:serviceaccount:breakglass-grants:probe", ["system:masters"]);
        await Eventually.TrueAsync(
            async () => (await Cluster.KubectlAsync(probe, "create", "clusterrole", "probe", "--verb=get", "--resource=pods", "--dry-run=server")).Error
                .Contains("ValidatingAdmissionPolicy", StringComparison.Ordinal),
            expected: "a guard that is in force");
    }

    internal T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    private Task<string> TextAsync(string file) => File.ReadAllTextAsync(Path.Combine(CertificateDirectory, file));

    private async Task<X509Certificate2> AuthorityAsync(string name)
    {
        var secret = await Eventually.GetAsync(
            () => Cluster.Admin.TryGetAsync<V1Secret>(name, "breakglass-system", CancellationToken.None), expected: $"Secret {name}");
        string Text(string field) => System.Text.Encoding.ASCII.GetString(secret.Data[field]);
        return Own(X509Certificate2.CreateFromPem(Text("ca.crt"), Text("ca.key")));
    }
}
