using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Api;
using BreakGlass.Core.Credentials;
using BreakGlass.Operator.Certificates;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Simulation;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Certificates;

/// <summary>The authority of the gateway, in its Secret, and the certificates that it signs.</summary>
public sealed class GatewayAuthorityTests
{
    private const string Ns = "breakglass-system";
    private static readonly Uri Url = new("https://gateway.example:8443");

    private readonly FakeClock _clock = new(A.Start);
    private readonly FakeApiServer _server;

    public GatewayAuthorityTests()
    {
        _server = new(_clock);
        InstalledRbac.Install(_server);
    }

    [Fact]
    public async Task A_certificate_is_for_one_grant_and_for_clients_alone_and_ends_with_the_grant()
    {
        var authority = await LoadedAsync();
        var until = A.Start.AddMinutes(30).AddMilliseconds(987);

        var issued = authority.Issue(Grant(), until, out _)!;

        issued.Access.Server.Should().Be("https://gateway.example:8443");
        issued.NotAfter.Should().Be(A.Start.AddMinutes(30), "a certificate has whole seconds, and access is never longer than the grant");
        using var certificate = X509Certificate2.CreateFromPem(issued.Access.Certificate, issued.KeyPem);
        certificate.Subject.Should().Be("CN=inc-4711");
        GrantCertificate.Read(certificate).Should().Be(new GrantCertificate("inc-4711", "grant-1"));
        (new DateTimeOffset(certificate.NotBefore), new DateTimeOffset(certificate.NotAfter)).Should().Be((A.Start.AddMinutes(-5), A.Start.AddMinutes(30)));
        certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<Oid>().Select(o => o.Value)
            .Should().Equal(["1.3.6.1.5.5.7.3.2"], "that is clientAuth");
        certificate.Extensions.OfType<X509KeyUsageExtension>().Single().KeyUsages.Should().Be(X509KeyUsageFlags.DigitalSignature);
        certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority.Should().BeFalse();
        Build(certificate, issued.Access.CaBundle!, "1.3.6.1.5.5.7.3.2").Should().BeTrue();
        Build(certificate, issued.Access.CaBundle!, "1.3.6.1.5.5.7.3.1").Should().BeFalse("it is for no server");
    }

    [Theory]
    [InlineData("EC")]
    [InlineData("RSA")]
    public async Task With_a_recipients_key_it_is_for_that_key_and_nothing_secret_is_made(string type)
    {
        using var ec = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        var jwk = type == "EC" ? RecipientKey.PublicJwk(ec, "laptop") : RecipientKey.PublicJwk(rsa, "laptop");
        var authority = await LoadedAsync();

        var issued = authority.Issue(Grant(jwk), A.Start.AddMinutes(30), out _)!;

        issued.KeyPem.Should().BeNull();
        using var certificate = X509Certificate2.CreateFromPem(issued.Access.Certificate);
        certificate.PublicKey.ExportSubjectPublicKeyInfo().Should().Equal(type == "EC" ? ec.ExportSubjectPublicKeyInfo() : rsa.ExportSubjectPublicKeyInfo());
        Build(certificate, issued.Access.CaBundle!, "1.3.6.1.5.5.7.3.2").Should().BeTrue();
    }

    [Fact]
    public async Task Two_certificates_of_a_grant_differ()
    {
        var authority = await LoadedAsync();
        var (one, other) = (authority.Issue(Grant(), A.Start.AddMinutes(30), out _)!, authority.Issue(Grant(), A.Start.AddMinutes(30), out _)!);
        one.Access.Certificate.Should().NotBe(other.Access.Certificate);
        one.ToString().Should().NotContain("PRIVATE").And.NotContain("BEGIN");
    }

    [Fact]
    public async Task The_longest_name_of_a_grant_fits()
    {
        var authority = await LoadedAsync();
        var name = new string('g', 63);
        var issued = authority.Issue(Grant() with { Metadata = new() { Name = name, Uid = "grant-1" } }, A.Start.AddHours(12), out _)!;
        using var certificate = X509Certificate2.CreateFromPem(issued.Access.Certificate);
        GrantCertificate.Read(certificate)!.Grant.Should().Be(name);
        certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false).Should().Be(name);
    }

    [Fact]
    public async Task Every_replica_signs_with_the_same_authority_and_the_serving_certificate_is_for_its_names()
    {
        var (first, second) = (Replica(), Replica());
        await Task.WhenAll(first.RoundAsync(default), second.RoundAsync(default));
        await second.RoundAsync(default);

        var (one, other) = (first.Issue(Grant(), A.Start.AddMinutes(30), out _)!, second.Issue(Grant(), A.Start.AddMinutes(30), out _)!);
        one.Access.CaBundle.Should().Be(other.Access.CaBundle);
        var secret = _server.Get<V1Secret>("breakglass-gateway-tls", Ns)!;
        secret.Data.Keys.Should().BeEquivalentTo("ca.crt", "ca.key", "tls.crt", "tls.key");
        var managed = ManagedCertificates.Read(secret.Data, CertificateUse.Gateway)!;
        using var leaf = managed.Leaf.Open();
        Pki.IsFor(leaf, ["gateway.example", "breakglass-gateway.breakglass-system.svc", "10.0.0.7"]).Should().BeTrue();
        Build(leaf, managed.Bundle, "1.3.6.1.5.5.7.3.1").Should().BeTrue();
        Build(leaf, managed.Bundle, "1.3.6.1.5.5.7.3.2").Should().BeTrue("the gateway reports to the operator with it");
        GatewayIdentity.IsIn(leaf).Should().BeTrue();
        GrantCertificate.Read(leaf).Should().BeNull("it opens no gateway");
        (Pki.Until(leaf) - A.Start).Should().Be(TimeSpan.FromDays(90));
        (managed.AuthorityUntil - A.Start).Should().Be(TimeSpan.FromDays(3650));
    }

    [Fact]
    public async Task The_authorities_of_webhooks_and_gateway_trust_nothing_of_each_other()
    {
        await LoadedAsync();
        var gateway = ManagedCertificates.Read(_server.Get<V1Secret>("breakglass-gateway-tls", Ns)!.Data, CertificateUse.Gateway)!;
        var webhooks = ManagedCertificates.New(["breakglass-operator-webhook.breakglass-system.svc"], A.Start);
        using var theirs = webhooks.Leaf.Open();
        using var ours = gateway.Leaf.Open();
        Build(ours, webhooks.Bundle, "1.3.6.1.5.5.7.3.1").Should().BeFalse();
        Build(theirs, gateway.Bundle, "1.3.6.1.5.5.7.3.1").Should().BeFalse();
    }

    [Fact]
    public async Task What_the_operator_serves_to_the_gateway_is_for_its_Service_and_renewed_in_time()
    {
        var authority = Replica();
        authority.OwnCertificate.Should().BeNull();
        await authority.RoundAsync(default);
        var served = authority.OwnCertificate!.TargetCertificate;

        Pki.IsFor(served, ["breakglass-operator-gateway.breakglass-system.svc", "breakglass-operator-gateway.breakglass-system.svc.cluster.local"])
            .Should().BeTrue();
        Build(served, Managed().Bundle, "1.3.6.1.5.5.7.3.1").Should().BeTrue();
        Build(served, Managed().Bundle, "1.3.6.1.5.5.7.3.2").Should().BeFalse("it is no client");
        GatewayIdentity.IsIn(served).Should().BeFalse();

        _clock.Advance(TimeSpan.FromDays(59));
        await authority.RoundAsync(default);
        authority.OwnCertificate!.TargetCertificate.Should().BeSameAs(served);
        _clock.Advance(TimeSpan.FromDays(1));
        await authority.RoundAsync(default);
        authority.OwnCertificate!.TargetCertificate.Thumbprint.Should().NotBe(served.Thumbprint);
        (Pki.Until(authority.OwnCertificate!.TargetCertificate) - _clock.GetUtcNow()).Should().BeGreaterThan(TimeSpan.FromDays(89));
    }

    [Fact]
    public async Task After_a_new_authority_the_operator_serves_what_the_gateway_trusts_already()
    {
        var authority = await LoadedAsync();
        _clock.Advance(TimeSpan.FromDays(2433));
        await authority.RoundAsync(default);
        var before = Managed().Bundle;
        _clock.Advance(TimeSpan.FromDays(1));
        await authority.RoundAsync(default);
        Managed().Bundle.Should().NotBe(before);
        Build(authority.OwnCertificate!.TargetCertificate, before, "1.3.6.1.5.5.7.3.1").Should().BeTrue("the gateway reads the new authority later");

        // Somebody deletes the Secret: what was served is trusted by no gateway.
        _server.Delete<V1Secret>("breakglass-gateway-tls", Ns);
        await authority.RoundAsync(default);
        Build(authority.OwnCertificate!.TargetCertificate, Managed().Bundle, "1.3.6.1.5.5.7.3.1").Should().BeTrue();
    }

    [Fact]
    public void Before_it_is_read_it_issues_nothing_and_says_so()
    {
        Replica().Issue(Grant(), A.Start.AddMinutes(30), out var problem).Should().BeNull();
        problem.Should().Be("It has not read Secret breakglass-system/breakglass-gateway-tls yet");
    }

    [Fact]
    public async Task What_cannot_be_read_is_said_and_what_was_read_before_goes_on()
    {
        var stranger = new GatewayAuthority(_server.CreateClient(new FakeUser("mallory")), Ns, Url, null, [], _clock, NullLogger.Instance);
        await stranger.RoundAsync(default);
        stranger.Issue(Grant(), A.Start.AddMinutes(30), out var problem).Should().BeNull();
        problem.Should().StartWith("It could not read or create Secret breakglass-system/breakglass-gateway-tls: ").And.Contain("forbidden");

        var authority = await LoadedAsync();
        _server.Faults.Inject(Fault.Forbidden, "get", "secrets");
        await authority.RoundAsync(default);
        authority.Issue(Grant(), A.Start.AddMinutes(30), out _).Should().NotBeNull();
    }

    [Fact]
    public async Task The_authorities_of_another_serving_certificate_are_delivered_instead_and_clients_are_signed_as_before()
    {
        var client = _server.CreateClient(InstalledRbac.Operator);
        var own = new GatewayAuthority(client, Ns, Url, "-----BEGIN CERTIFICATE-----\n", [], _clock, NullLogger.Instance);
        await own.RoundAsync(default);
        var issued = own.Issue(Grant(), A.Start.AddMinutes(30), out _)!;
        issued.Access.CaBundle.Should().Be("-----BEGIN CERTIFICATE-----\n");
        using var certificate = X509Certificate2.CreateFromPem(issued.Access.Certificate);
        Build(certificate, ManagedCertificates.Read(_server.Get<V1Secret>("breakglass-gateway-tls", Ns)!.Data, CertificateUse.Gateway)!.Bundle,
            "1.3.6.1.5.5.7.3.2").Should().BeTrue();
    }

    [Fact]
    public async Task A_kubeconfig_of_today_trusts_what_the_gateway_serves_until_the_longest_grant_is_over()
    {
        await LoadedAsync();
        var kubeconfig = ManagedCertificates.Read(_server.Get<V1Secret>("breakglass-gateway-tls", Ns)!.Data, CertificateUse.Gateway)!.Bundle;

        // The leaf is young when the authority is renewed.
        _clock.Advance(TimeSpan.FromDays(2433));
        await Replica().RoundAsync(default);
        await Replica().RoundAsync(default);
        _clock.Advance(TimeSpan.FromDays(1));
        await Replica().RoundAsync(default);
        var renewed = ManagedCertificates.Read(_server.Get<V1Secret>("breakglass-gateway-tls", Ns)!.Data, CertificateUse.Gateway)!;
        renewed.Bundle.Should().NotBe(kubeconfig).And.Contain(kubeconfig.Trim(), "both are trusted while both may be in use");
        _clock.Advance(BreakGlassApi.LongestGrant);
        await Replica().RoundAsync(default);
        var now = ManagedCertificates.Read(_server.Get<V1Secret>("breakglass-gateway-tls", Ns)!.Data, CertificateUse.Gateway)!;
        using var leaf = now.Leaf.Open();
        Build(leaf, kubeconfig, "1.3.6.1.5.5.7.3.1").Should().BeTrue();

        _clock.Advance(TimeSpan.FromDays(1));
        await Replica().RoundAsync(default);
        var later = ManagedCertificates.Read(_server.Get<V1Secret>("breakglass-gateway-tls", Ns)!.Data, CertificateUse.Gateway)!;
        using var next = later.Leaf.Open();
        Build(next, kubeconfig, "1.3.6.1.5.5.7.3.1").Should().BeFalse("the new authority signs what is served");
        Build(next, later.Bundle, "1.3.6.1.5.5.7.3.1").Should().BeTrue();
    }

    private static BreakGlassGrant Grant(JsonWebKey? key = null) => A.Grant(s => s with { RecipientKey = key }) with
    {
        Status = new() { Path = SessionPath.Gateway, ActivatedAt = A.Start, ExpiresAt = A.Start.AddMinutes(30) },
    };

    /// <summary>As a peer would that checks a chain for a use, at any time.</summary>
    private static bool Build(X509Certificate2 certificate, string bundle, string use)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.ImportFromPem(bundle);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        chain.ChainPolicy.ApplicationPolicy.Add(new(use));
        return chain.Build(certificate);
    }

    private ManagedCertificates Managed() =>
        ManagedCertificates.Read(_server.Get<V1Secret>("breakglass-gateway-tls", Ns)!.Data, CertificateUse.Gateway)!;

    private GatewayAuthority Replica() =>
        new(_server.CreateClient(InstalledRbac.Operator), Ns, Url, null, ["10.0.0.7"], _clock, NullLogger.Instance);

    private async Task<GatewayAuthority> LoadedAsync()
    {
        var authority = Replica();
        await authority.RoundAsync(default);
        return authority;
    }
}
