using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using FluentAssertions;
using Kube.Client;
using Xunit;

namespace Integration.Flow;

/// <summary>Whoever floods the API server with a grant's credential must not hold up the end of that grant.</summary>
public sealed class FlowSchemaTests(Flooded flooded) : IClassFixture<Flooded>
{
    private TestCluster Cluster => flooded.Cluster;

    [Fact]
    public async Task The_operator_shared_its_priority_level_with_the_grants_that_it_has_to_end()
    {
        var incident = await Incident.BeginAsync(Cluster);
        await incident.ActivateAsync("30m");
        var granted = await incident.FetchKubeconfigAsync();

        (await flooded.SchemaOfAsync(Cluster.OperatorKubeconfig, "get", "breakglassgrants")).Should().Be("breakglass-operator");
        (await flooded.SchemaOfAsync(Cluster.ReaperKubeconfig, "get", "rolebindings", "-A")).Should().Be("breakglass-operator");
        (await flooded.SchemaOfAsync(granted, "get", "configmaps", "-n", incident.Namespace)).Should().Be("breakglass-granted");
        (await flooded.SchemaOfAsync(granted, "delete", $"bgg/{incident.Grant}", "--wait=false"))
            .Should().Be("breakglass-granted", "a grant floods no level but its own, whatever it writes");
        (await flooded.SchemaOfAsync(Cluster.Alice, "patch", $"bgg/{incident.Grant}", "--type=merge", "-p", """{"spec":{"revoke":{"reason":"done"}}}"""))
            .Should().Be("breakglass-writes");
        await incident.WaitAsync("Revoked");
    }

    [Fact]
    public async Task A_flood_of_lists_by_a_grant_kept_its_own_revocation_out()
    {
        var incident = await Incident.BeginAsync(Cluster, access: $"{{name: all, roleRef: {{kind: ClusterRole, name: view}}, clusterWide: true}}");
        await FillAsync(incident.Namespace);
        await incident.ActivateAsync("30m");
        var granted = await incident.FetchKubeconfigAsync();

        using var stop = new CancellationTokenSource();
        var flood = FloodAsync(granted, stop.Token);
        try
        {
            await Eventually.TrueAsync(async () => await flooded.RejectedAsync("breakglass-granted") > 0, expected: "the grant's own priority level is full");
            await incident.RevokeAsync();
            await incident.WaitAsync("Revoked");
        }
        finally
        {
            await stop.CancelAsync();
        }

        var answers = await flood;
        answers.Should().ContainKey(HttpStatusCode.TooManyRequests, "what the grants' level does not hold is refused");
        (await flooded.RejectedAsync("breakglass")).Should().Be(0, "nothing of the operator and of those who revoke was refused");
    }

    // 4 MB, as the lists of a cluster with some hundred pods are.
    private async Task FillAsync(string ns)
    {
        var text = new string('x', 900_000);
        for (var i = 0; i < 5; i++)
        {
            (await Cluster.ControlPlane.KubectlAsync(Cluster.ControlPlane.AdminKubeconfig, ["create", "-f", "-"], $$"""
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: large-{{i}}, namespace: {{ns}}}
                data: {text: {{text}}}
                """)).OrThrow();
        }
    }

    /// <summary>300 callers that list without a pause; counts what they are answered.</summary>
    private async Task<IReadOnlyDictionary<HttpStatusCode, int>> FloodAsync(string kubeconfig, CancellationToken cancellationToken)
    {
        using var authority = X509CertificateLoader.LoadCertificateFromFile(Cluster.ControlPlane.CaCertificate);
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority },
            RevocationMode = X509RevocationMode.NoCheck };
        var connection = ClusterConnection.FromKubeconfig(kubeconfig);
        using var handler = new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = trust }, MaxConnectionsPerServer = 300 };
        using var http = new HttpClient(handler) { BaseAddress = connection.Server };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", connection.Token);
        var answers = new System.Collections.Concurrent.ConcurrentDictionary<HttpStatusCode, int>();
        await Task.WhenAll(Enumerable.Range(0, 300).Select(async _ =>
        {
            // Bounded: a test that hangs does not go on for ever.
            for (var i = 0; i < 1000 && !cancellationToken.IsCancellationRequested; i++)
            {
                try
                {
                    using var answer = await http.GetAsync("api/v1/configmaps", HttpCompletionOption.ResponseContentRead, cancellationToken);
                    answers.AddOrUpdate(answer.StatusCode, 1, (_, n) => n + 1);
                    if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) return;
                }
                catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
                {
                    if (cancellationToken.IsCancellationRequested) return;
                }
            }
        }));
        return answers;
    }
}
