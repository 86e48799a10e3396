using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Api;
using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Admission;

public sealed class CertificateTests : IAsyncLifetime
{
    private GatewayWorld _world = null!;

    public async Task InitializeAsync() => _world = await GatewayWorld.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Every_other_certificate_gets_401_with_a_sentence_and_nothing_reaches_the_API_server(int version)
    {
        var own = _world.Admit();
        _world.Admit("inc-4712", "grant-2");
        using var stranger = new TestAuthority("gateway authority");
        using var selfSigned = TestAuthority.SelfSigned(GatewayWorld.Grant, "grant-1", _world.End);
        using var foreign = stranger.Client(GatewayWorld.Grant, "grant-1", _world.End);
        using var forServers = _world.Authority.Client(GatewayWorld.Grant, "grant-1", _world.End, TestAuthority.ServerAuthentication);
        using var otherUid = _world.Authority.Client(GatewayWorld.Grant, "grant-0", _world.End);
        using var otherGrant = _world.Authority.Client("inc-4712", "grant-1", _world.End);
        using var noGrant = _world.Authority.Client("inc-9999", "grant-9", _world.End);
        using var nameless = _world.Authority.Client(null, _world.End);
        using var replaced = _world.Authority.Client(GatewayWorld.Grant, "grant-1", _world.End);
        foreach (var certificate in new[] { null, selfSigned, foreign, forServers, otherUid, otherGrant, noGrant, nameless, replaced })
        {
            using var answer = await _world.Client(certificate, version).GetAsync("/api");
            (await answer.StatusAsync(HttpStatusCode.Unauthorized)).Should().MatchRegex("kubeconfig of|kubectl breakglass request").And.NotContain("eyJ");
        }

        _world.Upstream.Seen.Should().BeEmpty();
        using var admitted = await _world.Client(own, version).GetAsync("/api");
        admitted.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_certificate_that_expired_a_second_ago_is_refused()
    {
        var lately = DateTimeOffset.FromUnixTimeSeconds(_world.Clock.GetUtcNow().ToUnixTimeSeconds() - 1);
        using var expired = _world.Authority.Client(GatewayWorld.Grant, "grant-1", lately);
        _world.Put(GatewayWorld.Grant, "grant-1", expired);
        using var answer = await _world.Client(expired).GetAsync("/api");
        await answer.StatusAsync(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_grant_that_the_watch_has_not_shown_yet_is_read()
    {
        using var held = _world.Api.Watches.HoldBack("breakglassgrants");
        using var answer = await _world.Client(_world.Admit()).GetAsync("/api");
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_replaced_certificate_is_refused_on_the_connection_that_it_was_admitted_on()
    {
        var client = _world.Client(_world.Admit(), 1);
        (await client.GetAsync("/api")).StatusCode.Should().Be(HttpStatusCode.OK);
        using var next = _world.Authority.Client(GatewayWorld.Grant, "grant-1", _world.End);
        _world.Api.Modify<BreakGlassGrant>(GatewayWorld.Grant, null, g => g with
        {
            Status = g.Status with { Gateway = g.Status.Gateway! with { Certificate = next.ExportCertificatePem() } },
        });
        await _world.Api.Watches.WhenDrained();
        (await client.UntilRefusedAsync()).Should().Contain("not the one that the operator issued");
        using var answer = await _world.Client(next).GetAsync("/api");
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Nothing_is_downloaded_from_where_a_strangers_certificate_says_that_its_issuer_is()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=stranger", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(null, [$"http://{listener.LocalEndpoint}/issuer.crt"]));
        using var issuerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var issuer = X509SignatureGenerator.CreateForECDsa(issuerKey);
        var now = TimeProvider.System.GetUtcNow();
        using var unsigned = request.Create(new X500DistinguishedName("CN=nowhere"), issuer, now.AddHours(-1), now.AddHours(1), [1]);
        using var stranger = unsigned.CopyWithPrivateKey(key);
        using var answer = await _world.Client(stranger).GetAsync("/api");
        (await answer.StatusAsync(HttpStatusCode.Unauthorized)).Should().NotBeEmpty();
        listener.Pending().Should().BeFalse("a download is a request to wherever a stranger wants");
    }

    [Fact]
    public async Task Five_hundred_sockets_that_send_nothing_or_slowly_keep_no_holder_of_a_grant_out()
    {
        await using var world = await GatewayWorld.StartAsync(GatewayWorld.Limits with { ConnectionsWithoutGrant = 50 });
        var certificate = world.Admit();
        var sockets = new List<Stream>();
        for (var i = 0; i < 500; i++)
        {
            if (i % 10 != 0)
            {
                var socket = new System.Net.Sockets.TcpClient();
                await socket.ConnectAsync(IPAddress.Loopback, world.Gateway.Port);
                sockets.Add(socket.GetStream());
            }
            else
            {
                var tls = await world.ConnectAsync(null);
                await tls.WriteAsync("GET /x HTTP/1.1\r\nHost: local"u8.ToArray());
                sockets.Add(tls);
            }
        }

        using var answer = await world.Client(certificate).GetAsync("/api").Soon("an answer");
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        foreach (var socket in sockets) await socket.DisposeAsync();
    }
}
