using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BreakGlass.Core.Api;
using TestKit;
using Xunit;

namespace Integration.Sessions;

/// <summary>A cluster whose API server posts its audit events to one port of this machine, on which a test starts an operator.</summary>
public sealed class AuditedCluster : IAsyncLifetime
{
    private TestCluster? _cluster;

    internal TestCluster Cluster => _cluster!;

    /// <summary>Where the API server posts its events.</summary>
    internal int Port { get; } = Ports.Free();

    /// <inheritdoc/>
    public async Task InitializeAsync() => _cluster = await TestCluster.StartAsync(auditPort: Port);

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_cluster is not null) await _cluster.DisposeAsync();
    }

    /// <summary>Starts an operator that takes audit events on a port. It renews its lease, as every operator of the chart does.</summary>
    internal Task<RunningOperator> StartOperatorAsync(int port, params string[] options) => RunningOperator.StartAsync(Cluster.OperatorKubeconfig,
    [
        "--leader-elect=true", "--webhook=true", $"--webhook-address=127.0.0.1:{Text(Ports.Free())}",
        $"--webhook-cert-dir={Cluster.ControlPlane.WebhookCertificate}", $"--audit-listen=127.0.0.1:{Text(port)}",
        $"--audit-token-file={Cluster.ControlPlane.AuditToken}", .. options,
    ]);

    /// <summary>The session of an incident's grant; null if there is none.</summary>
    internal Task<BreakGlassSession?> SessionAsync(Incident incident) =>
        Cluster.Admin.TryGetAsync<BreakGlassSession>(incident.Grant, null, CancellationToken.None);

    /// <summary>A client that knows the control plane's authority, for its API server and for operators.</summary>
    internal HttpClient Client()
    {
        var authority = X509CertificateLoader.LoadCertificateFromFile(Cluster.ControlPlane.CaCertificate);
        return new(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = new()
            {
                CertificateChainPolicy = new()
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority }, RevocationMode = X509RevocationMode.NoCheck,
                },
            },
        });
    }

    /// <summary>Posts a body to an operator, as a log forwarder does.</summary>
    internal async Task<HttpStatusCode> PostAsync(int port, string body)
    {
        using var http = Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"https://127.0.0.1:{Text(port)}/audit");
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(Cluster.ControlPlane.AuditToken)).Trim());
        using var answer = await http.SendAsync(request);
        return answer.StatusCode;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
