using System.Security.Cryptography.X509Certificates;
using FluentAssertions;
using Integration.Attacks;
using Kube.Client;

namespace Integration.Gateway;

/// <summary>Attacks with certificates: of others, of the past, and forged ones.</summary>
internal static class CertificateRows
{
    public static IReadOnlyList<GatewayRow> All { get; } =
    [
        new("The holder of another grant", "reads with that grant's certificate what only this grant gives", async s =>
        {
            var answer = await s.GetAsync(s.Stage.OtherCertificate);
            answer.Code.Should().Be(403);
            answer.Says.Should().Contain("forbidden");
            await s.PassedAsTheGrantAsync((await s.Stage.Other.ReadAsync()).Status.ServiceAccount!.Replace('/', ':'));
        }),
        new("The holder of a grant", "goes on with the certificate after the grant was revoked", async s =>
        {
            var (incident, connection) = await s.Stage.OpenAsync();
            var certificate = s.Stage.CertificateOf(connection);
            (await s.GetAsync(certificate, $"/api/v1/namespaces/{incident.Namespace}/configmaps")).OrThrow();
            await incident.RevokeAsync();
            await incident.WaitForPhaseAsync(BreakGlass.Core.Api.GrantPhase.Revoked);
            await s.KnowsTheEndAsync(certificate, incident);
            await s.RefusedAsync(certificate, $"the grant {incident.Grant} ended", "(Revoked", $"kubectl breakglass request {incident.Policy}");
        }),
        new("The holder of a grant", "goes on with the certificate one second after the grant has expired", async s =>
        {
            var (incident, connection) = await s.Stage.OpenBrieflyAsync(20);
            await Eventually.AtAsync((await incident.ReadAsync()).Status.ExpiresAt!.Value.AddSeconds(1));
            await s.RefusedAsync(s.Stage.CertificateOf(connection), $"the grant {incident.Grant} e");
        }),
        new("Somebody without a certificate", "reads", s => s.RefusedAsync(null, "needs the client certificate of a grant")),
        new("Somebody with the key of the gateway's CA", "signs a certificate for the grant", async s =>
        {
            var grant = await s.Stage.Mine.ReadAsync();
            using var forged = ForgedCertificates.Make(s.Stage.Authority, s.Stage.Mine.Grant, grant.Metadata.Uid!, grant.Status.ExpiresAt!.Value);
            await s.RefusedAsync(forged, "is not the one that the operator issued");
        }),
        new("Somebody with the key of the gateway's CA", "signs a certificate for the grant that expired one second ago", async s =>
        {
            var grant = await s.Stage.Mine.ReadAsync();
            var ago = TimeProvider.System.GetUtcNow().AddSeconds(-1);
            using var forged = ForgedCertificates.Make(s.Stage.Authority, s.Stage.Mine.Grant, grant.Metadata.Uid!, ago);
            await s.RefusedAsync(forged, "is not the one that the operator issued");
        }),
        new("Somebody with the key of the gateway's CA", "signs a certificate for an earlier grant of the same name", async s =>
        {
            using var forged = ForgedCertificates.Make(
                s.Stage.Authority, s.Stage.Mine.Grant, Guid.NewGuid().ToString(), TimeProvider.System.GetUtcNow().AddHours(1));
            await s.RefusedAsync(forged, "belongs to an earlier grant with the name");
        }),
        new("The holder of a grant that was deleted", "goes on with its certificate when a grant of the same name is active", async s =>
        {
            var (incident, connection) = await s.Stage.OpenAsync();
            await s.Stage.Cluster.AdminAsync("delete", "bgg", incident.Grant, Eventually.KubectlTimeout);
            await incident.ActivateAsync("30m");
            var later = s.Stage.CertificateOf(ClusterConnection.FromKubeconfig(await incident.FetchKubeconfigAsync()));
            await Eventually.TrueAsync(
                async () => (await s.GetAsync(later, $"/api/v1/namespaces/{incident.Namespace}/configmaps")).Good, expected: "an answer to the later grant");
            await s.RefusedAsync(s.Stage.CertificateOf(connection), "belongs to an earlier grant with the name");
        }),
        new("Somebody", "signs a certificate for the grant with a key of their own", async s =>
        {
            using var forged = ForgedCertificates.Make(
                null, s.Stage.Mine.Grant, (await s.Stage.Mine.ReadAsync()).Metadata.Uid!, TimeProvider.System.GetUtcNow().AddHours(1));
            await s.RefusedAsync(forged, "did not issue the client certificate");
        }),
        new("Somebody with the key of the webhooks' CA", "signs a certificate for the grant", async s =>
        {
            using var forged = ForgedCertificates.Make(
                s.Stage.WebhookAuthority, s.Stage.Mine.Grant, (await s.Stage.Mine.ReadAsync()).Metadata.Uid!, TimeProvider.System.GetUtcNow().AddHours(1));
            await s.RefusedAsync(forged, "did not issue the client certificate");
        }),
        new("Somebody with the gateway's serving key", "comes to the gateway as its client", s =>
            s.RefusedAsync(s.Stage.Served, "did not issue the client certificate")),
        new("Somebody with the gateway's serving key", "comes to the API server with its certificate", s => DirectAsync(s, s.Stage.Served)),
        new("The holder of a grant", "comes to the API server with the grant's certificate", s => DirectAsync(s, s.Stage.Certificate)),
    ];

    /// <summary>The gateway refuses a certificate in these words, and nothing passes.</summary>
    public static async Task RefusedAsync(this GatewayScene scene, X509Certificate2? certificate, params string[] says)
    {
        var answer = await scene.GetAsync(certificate);
        answer.Code.Should().Be(401, answer.Text);
        foreach (var words in says) answer.Says.Should().Contain(words);
        await scene.NothingPassedAsync();
    }

    /// <summary>
    /// Waits until the gateway says how a grant ended: its own watch brings that later than a read of the grant. Until then it admits the grant, or knows of
    /// its spec.revoke alone.
    /// </summary>
    private static Task KnowsTheEndAsync(this GatewayScene scene, X509Certificate2 certificate, Incident incident)
    {
        var last = "";
        return Eventually.TrueAsync(async () =>
        {
            try
            {
                last = (await scene.GetAsync(certificate, $"/api/v1/namespaces/{incident.Namespace}/configmaps")).Says;
            }
            catch (HttpRequestException e)
            {
                last = e.Message; // broken off, because the end came in the middle of it
            }

            return last.Contains($"the grant {incident.Grant} ended", StringComparison.Ordinal);
        }, () => last, expected: $"a gateway that knows how {incident.Grant} ended");
    }

    private static async Task DirectAsync(GatewayScene scene, X509Certificate2 certificate)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, scene.Target);
        var client = scene.Client(certificate, address: scene.Stage.Cluster.ControlPlane.Server);
        ApiAnswer answer;
        try
        {
            answer = await GatewayScene.SendAsync(client, request);
        }
        catch (HttpRequestException)
        {
            return; // refused in the handshake
        }

        answer.Code.Should().BeOneOf([401, 403], answer.Text);
        (await scene.AuditAsync()).Select(e => (string?)e["user"]?["username"]).Should().OnlyContain(user => user == null || user == "system:anonymous");
    }
}
