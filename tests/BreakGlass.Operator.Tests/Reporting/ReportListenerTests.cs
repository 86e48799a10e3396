using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Api;
using BreakGlass.Core.Credentials;
using BreakGlass.Operator.Certificates;
using BreakGlass.Operator.Reporting;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Simulation;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Reporting;

/// <summary>Only the gateway can report to the operator. The listener and the certificates are real.</summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class ReportListenerTests : IAsyncLifetime
{
    private const string Ns = "breakglass-system";
    private const string Path = "/gateway/requests";

    // TLS goes by the machine's clock.
    private readonly FakeClock _clock = new(TimeProvider.System.GetUtcNow());
    private readonly List<string> _received = [];
    private readonly FakeApiServer _server;
    private GatewayAuthority _authority = null!;
    private ManagedCertificates _managed = null!;
    private ReportListener _listener = null!;

    public ReportListenerTests()
    {
        _server = new(_clock);
        InstalledRbac.Install(_server);
    }

    public async Task InitializeAsync()
    {
        _authority = new(
            _server.CreateClient(InstalledRbac.Operator), Ns, new("https://gateway.example:8443"), null, [], _clock, NullLogger.Instance);
        await _authority.RoundAsync(default);
        _managed = ManagedCertificates.Read(_server.Get<V1Secret>("breakglass-gateway-tls", Ns)!.Data, CertificateUse.Gateway)!;
        _listener = new(
            new(IPAddress.Loopback, 0), () => _authority.OwnCertificate, () => _authority.Authorities,
            new Dictionary<string, RequestDelegate> { [Path] = ReceiveAsync }, NullLogger.Instance);
        await _listener.StartAsync(default);
    }

    public async Task DisposeAsync() => await _listener.DisposeAsync();

    [Fact]
    public async Task The_gateways_own_certificate_is_accepted()
    {
        using var own = _managed.Leaf.Open();
        (await PostAsync(own)).Status.Should().Be(HttpStatusCode.OK);
        (await PostAsync(own, "/other")).Status.Should().Be(HttpStatusCode.NotFound);
        _received.Should().Equal("hello");
    }

    [Fact]
    public async Task The_certificate_of_a_grant_is_refused_and_nothing_is_read()
    {
        var grant = A.Grant() with { Status = new() { Path = SessionPath.Gateway, ActivatedAt = _clock.GetUtcNow() } };
        var issued = _authority.Issue(grant, _clock.GetUtcNow().AddMinutes(30), out _)!;
        using var certificate = X509Certificate2.CreateFromPem(issued.Access.Certificate, issued.KeyPem);
        await RefusedAsync(certificate);
    }

    [Fact]
    public async Task Nobody_is_accepted_without_a_certificate_or_with_one_of_another_authority()
    {
        await RefusedAsync(null);
        using var stranger = ManagedCertificates.New(["gateway.example"], _clock.GetUtcNow(), CertificateUse.Gateway).Leaf.Open();
        GatewayIdentity.IsIn(stranger).Should().BeTrue();
        await RefusedAsync(stranger);
    }

    [Fact]
    public async Task A_certificate_that_an_earlier_release_made_is_refused_until_it_is_renewed()
    {
        var before = CertificateUse.Gateway with { Identity = null };
        var names = GatewayAuthority.NamesOf(new("https://gateway.example:8443"), Ns, []);
        var old = _managed with { Leaf = Pki.NewLeaf(_managed.Authority, names, _clock.GetUtcNow(), before) };
        using (var certificate = old.Leaf.Open()) await RefusedAsync(certificate);

        using var renewed = old.Next(names, _clock.GetUtcNow(), injected: true)!.Leaf.Open();
        (await PostAsync(renewed)).Status.Should().Be(HttpStatusCode.OK);
    }

    private async Task RefusedAsync(X509Certificate2? certificate)
    {
        var before = _received.Count;
        var (status, text) = await PostAsync(certificate);
        status.Should().Be(HttpStatusCode.Unauthorized);
        text.Should().StartWith("Only the gateway of this operator can report here");
        _received.Should().HaveCount(before);
    }

    private async Task<(HttpStatusCode Status, string Text)> PostAsync(X509Certificate2? certificate, string path = Path)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(_managed.Bundle);
        using var http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = policy,
                ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, null, offline: true),
            },
            UseProxy = false,
        }) { Timeout = Eventually.Limit };
        http.DefaultRequestHeaders.Host = "breakglass-operator-gateway.breakglass-system.svc";
        using var body = new StringContent("hello");
        using var response = await http.PostAsync(new Uri($"https://127.0.0.1:{_listener.Port}{path}"), body);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private async Task ReceiveAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        _received.Add(await reader.ReadToEndAsync(context.RequestAborted));
    }
}
