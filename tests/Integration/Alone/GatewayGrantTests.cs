using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BreakGlass.Core.Api;
using BreakGlass.Core.Credentials;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Xunit;

namespace Integration.Alone;

/// <summary>The credential of a grant that goes through the gateway, on a real API server and without the gateway.</summary>
[Collection(nameof(OneCluster))]
public sealed class GatewayGrantTests(OwnCluster own)
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string Url = "https://gateway.example:8443";

    private readonly TestCluster _cluster = own.Cluster;

    [Fact]
    public async Task It_is_a_certificate_and_no_token_and_its_end_is_proven()
    {
        await using var running = await _cluster.StartOperatorAsync($"--gateway-url={Url}");
        var incident = await Incident.BeginAsync(_cluster, "  session: {path: Gateway}");

        var active = await incident.ActivateAsync();

        active.Status.Path.Should().Be(SessionPath.Gateway);
        active.Status.CredentialExpiresAt.Should().BeOnOrBefore(active.Status.ExpiresAt!.Value).And.BeAfter(active.Status.ExpiresAt.Value.AddSeconds(-1));
        active.Status.Gateway!.Server.Should().Be(Url);
        var (ns, name) = Incident.SecretOf(active);
        var secret = await _cluster.Admin.GetAsync<V1Secret>(name, ns, CancellationToken.None);
        secret.Data.Keys.Should().BeEquivalentTo("kubeconfig", "tls.crt", "tls.key");
        secret.Immutable.Should().BeTrue();
        Text(secret, "tls.crt").Should().Be(active.Status.Gateway.Certificate);
        (string.Concat(secret.Data.Keys.Select(k => Text(secret, k))) + await _cluster.AdminAsync("get", $"bgg/{incident.Grant}", "-o", "json"))
            .Should().NotMatchRegex(@"eyJ[\w-]+\.[\w-]+\.[\w-]+", "that would be a token").And.NotContain("token:");

        var authority = await _cluster.Admin.GetAsync<V1Secret>("breakglass-gateway-tls", "breakglass-system", CancellationToken.None);
        using var pair = X509Certificate2.CreateFromPem(Text(secret, "tls.crt"), Text(secret, "tls.key"));
        Verify(pair, Text(authority, "ca.crt"));
        GrantCertificate.Read(pair).Should().Be(new GrantCertificate(incident.Grant, active.Metadata.Uid!));
        (await incident.FetchKubeconfigAsync()).Should().NotBeNull("the requester alone may read it");

        // The API server does not know the authority: without the gateway, the certificate is worth nothing.
        var direct = ClusterConnection.FromKubeconfig(_cluster.ControlPlane.AdminKubeconfig);
        var way = active.Status.Gateway with { Server = direct.Server.OriginalString, CaBundle = direct.CertificateAuthority!.Read() };
        var file = await incident.SaveKubeconfigAsync(CredentialKubeconfig.Render(way, "direct", incident.Grant, incident.Namespace, Text(secret, "tls.key")));
        (await incident.CanReadAsync(file)).Should().BeFalse();

        await incident.RevokeAsync();
        var over = await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
        Conditions.Find(over.Status.Conditions, "Revoked")!.Message.Should().Contain("TokenReview refuses the token");
    }

    [Theory]
    [InlineData("EC")]
    [InlineData("RSA")]
    public async Task With_a_recipient_key_the_certificate_is_for_it_and_the_Secret_stays_empty(string type)
    {
        await using var running = await _cluster.StartOperatorAsync($"--gateway-url={Url}");
        using var ec = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        var jwk = type == "EC" ? RecipientKey.PublicJwk(ec, "laptop") : RecipientKey.PublicJwk(rsa, "laptop");
        var yaml = type == "EC"
            ? $"{{kty: EC, crv: P-256, x: \"{jwk.X}\", \"y\": \"{jwk.Y}\", kid: laptop}}"
            : $"{{kty: RSA, \"n\": \"{jwk.N}\", e: \"{jwk.E}\", kid: laptop}}";
        var incident = await Incident.BeginAsync(_cluster, "  session: {path: Gateway}");

        var active = await incident.ActivateAsync(spec: $"  recipientKey: {yaml}");

        active.Status.CredentialJwe.Should().BeNull("nothing has to be encrypted");
        var (ns, name) = Incident.SecretOf(active);
        (await _cluster.Admin.GetAsync<V1Secret>(name, ns, CancellationToken.None)).Data.Should().BeNullOrEmpty();
        using var certificate = X509Certificate2.CreateFromPem(active.Status.Gateway!.Certificate);
        certificate.PublicKey.ExportSubjectPublicKeyInfo().Should().Equal(type == "EC" ? ec.ExportSubjectPublicKeyInfo() : rsa.ExportSubjectPublicKeyInfo());
        Verify(certificate, active.Status.Gateway.CaBundle!);
        Conditions.Find(active.Status.Conditions, "Active")!.Message.Should().Contain("Use status.gateway with your private key");

        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
    }

    [Fact]
    public async Task An_operator_without_a_gateway_denies_it_and_the_policy_says_why()
    {
        await using var running = await _cluster.StartOperatorAsync();
        var incident = await Incident.BeginAsync(_cluster, "  session: {path: Gateway}");
        await incident.AskAsync();
        var denied = await incident.WaitForPhaseAsync(GrantPhase.Denied);
        denied.Status.Transitions[^1].Reason.Should().Be(DenialReasons.NoGateway);
        await Eventually.TrueAsync(
            async () => Conditions.Find((await _cluster.Admin.GetAsync<BreakGlassPolicy>(incident.Policy, null, CancellationToken.None)).Status.Conditions,
                PolicyConditions.Ready) is { Status: "False", Reason: PolicyConditions.NoGateway }, expected: "a policy that is not Ready");
        await incident.NothingLeftAsync();
    }

    private static string Text(V1Secret secret, string key) => Encoding.UTF8.GetString(secret.Data[key]);

    private static void Verify(X509Certificate2 certificate, string authority)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.ImportFromPem(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new(ClientAuthentication));
        chain.Build(certificate).Should().BeTrue(string.Join(", ", chain.ChainStatus.Select(s => s.StatusInformation)));
    }
}
