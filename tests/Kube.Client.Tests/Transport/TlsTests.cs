using System.Security.Authentication;
using FluentAssertions;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using TestKit;
using Xunit;

namespace Kube.Client.Tests;

public sealed class TlsTests : IDisposable
{
    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task The_right_authority_host_and_date_are_trusted_over_HTTP_2()
    {
        var protocol = "";
        await using var server = await TestServer.StartAsync(_authority.IssueServer(["127.0.0.1"]), c =>
        {
            protocol = c.Request.Protocol;
            return TestServer.WriteNamespaceAsync(c);
        });
        using var client = Client(server, _authority.Pem);
        (await Within.SafetyAsync(client.GetAsync<V1Namespace>("x", null, default), "an answer")).Metadata.Name.Should().Be("x");
        protocol.Should().Be("HTTP/2");
    }

    [Fact]
    public async Task One_of_several_authorities_in_one_file_is_enough()
    {
        using var other = new TestAuthority("other-ca");
        await using var server = await TestServer.StartAsync(_authority.IssueServer(["127.0.0.1"]), TestServer.WriteNamespaceAsync);
        using var client = Client(server, other.Pem + "\n" + _authority.Pem);
        await Within.SafetyAsync(client.GetAsync<V1Namespace>("x", null, default), "an answer");
    }

    [Fact]
    public async Task A_server_signed_by_another_authority_is_refused()
    {
        // The same name on purpose: it is the key that counts.
        using var other = new TestAuthority();
        await using var server = await TestServer.StartAsync(other.IssueServer(["127.0.0.1"]), TestServer.WriteNamespaceAsync);
        await ShouldNotTrustAsync(Client(server, _authority.Pem), "*not signed by an authority*");
    }

    [Fact]
    public async Task A_server_under_another_host_name_is_refused_though_the_authority_is_right()
    {
        await using var server = await TestServer.StartAsync(_authority.IssueServer(["other.test"]), TestServer.WriteNamespaceAsync);
        await ShouldNotTrustAsync(Client(server, _authority.Pem), "*not for the host '127.0.0.1'*");
    }

    [Fact]
    public async Task An_expired_certificate_is_refused()
    {
        await using var server = await TestServer.StartAsync(
            _authority.IssueServer(["127.0.0.1"], TestAuthority.Now.AddDays(-1)), TestServer.WriteNamespaceAsync);
        await ShouldNotTrustAsync(Client(server, _authority.Pem), "*has expired*");
    }

    [Fact]
    public async Task Without_an_authority_of_its_own_the_machines_decide()
    {
        await using var server = await TestServer.StartAsync(_authority.IssueServer(["127.0.0.1"]), TestServer.WriteNamespaceAsync);
        await ShouldNotTrustAsync(
            new KubeClient(new ClusterConnection { Server = server.Address }, TimeProvider.System, Within.Patience), "*not signed by an authority*");
    }

    [Fact]
    public async Task A_tls_server_name_is_the_one_that_is_verified()
    {
        await using var server = await TestServer.StartAsync(_authority.IssueServer(["api.internal"]), TestServer.WriteNamespaceAsync);
        var connection =
            new ClusterConnection { Server = server.Address, CertificateAuthority = PemSource.FromPem(_authority.Pem), TlsServerName = "api.internal" };
        using var right = new KubeClient(connection, TimeProvider.System, Within.Patience);
        await Within.SafetyAsync(right.GetAsync<V1Namespace>("x", null, default), "an answer");
        await ShouldNotTrustAsync(new KubeClient(connection with { TlsServerName = "api.other" }, TimeProvider.System, Within.Patience), "*not for the host*");
    }

    [Fact]
    public async Task Insecure_skip_tls_verify_does_what_it_says()
    {
        await using var server = await TestServer.StartAsync(
            _authority.IssueServer(["other.test"], TestAuthority.Now.AddDays(-1)), TestServer.WriteNamespaceAsync);
        using var client = new KubeClient(
            new ClusterConnection { Server = server.Address, InsecureSkipTlsVerify = true }, TimeProvider.System, Within.Patience);
        await Within.SafetyAsync(client.GetAsync<V1Namespace>("x", null, default), "an answer");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_certificate_says_who_we_are(bool rsa)
    {
        await using var server = await TestServer.StartAsync(
            _authority.IssueServer(["127.0.0.1"]),
            c => TestServer.WriteAsync(c, StubHandler.NamespaceJson(c.Connection.ClientCertificate?.Subject ?? "nobody")), askForClientCertificate: true);
        var (certificate, key) = _authority.IssueClient("alice", rsa);
        using var client = new KubeClient(
            new ClusterConnection
            {
                Server = server.Address,
                CertificateAuthority = PemSource.FromPem(_authority.Pem),
                ClientCertificate = PemSource.FromPem(certificate),
                ClientKey = PemSource.FromPem(key),
            },
            TimeProvider.System, Within.Patience);
        (await Within.SafetyAsync(client.GetAsync<V1Namespace>("x", null, default), "an answer")).Metadata.Name.Should().Be("CN=alice");
    }

    [Fact]
    public async Task A_new_authority_file_is_taken_up_after_five_minutes_and_a_running_watch_goes_on()
    {
        using var folder = new TempFolder();
        using var second = new TestAuthority("second-ca");
        var time = new FakeClock();
        var file = folder.Write("ca.crt", _authority.Pem);
        var more = new TaskCompletionSource();
        await using var first = await TestServer.StartAsync(_authority.IssueServer(["127.0.0.1"]), async c =>
        {
            await c.Response.WriteAsync("""{"type":"ADDED","object":{"metadata":{"name":"a"}}}""" + "\n");
            await c.Response.Body.FlushAsync();
            await Within.SafetyAsync(more.Task, "the test to go on");
            await c.Response.WriteAsync("""{"type":"ADDED","object":{"metadata":{"name":"b"}}}""" + "\n");
        });
        using var client = new KubeClient(
            new ClusterConnection { Server = first.Address, CertificateAuthority = PemSource.FromFile(file) }, time, Within.Patience);
        await using var watch = client.WatchAsync<V1Namespace>(new() { Timeout = TimeSpan.FromHours(1) }, default).GetAsyncEnumerator();
        (await Within.SafetyAsync(watch.MoveNextAsync().AsTask(), "the first event")).Should().BeTrue();

        folder.Write("ca.crt", second.Pem);
        time.Advance(TimeSpan.FromMinutes(4));
        await NextWatchAsync(client, trusted: true);
        time.Advance(TimeSpan.FromMinutes(2));
        await NextWatchAsync(client, trusted: false);
        folder.Write("ca.crt", "torn");
        time.Advance(TimeSpan.FromMinutes(6));
        await NextWatchAsync(client, trusted: false);
        folder.Write("ca.crt", _authority.Pem);
        time.Advance(TimeSpan.FromMinutes(6));
        await NextWatchAsync(client, trusted: true);

        more.SetResult();
        (await Within.SafetyAsync(watch.MoveNextAsync().AsTask(), "the event after the change")).Should().BeTrue();
        watch.Current.Object.Metadata.Name.Should().Be("b");
    }

    private static async Task NextWatchAsync(KubeClient client, bool trusted)
    {
        await using var watch = client.WatchAsync<V1Namespace>(new() { Timeout = TimeSpan.FromHours(1) }, default).GetAsyncEnumerator();
        var next = () => Within.SafetyAsync(watch.MoveNextAsync().AsTask(), "an event or a refusal");
        if (trusted) (await next()).Should().BeTrue();
        else (await next.Should().ThrowAsync<KubeConnectionException>()).Which.Failure.Should().Be(ConnectionFailure.Tls);
    }

    private static KubeClient Client(TestServer server, string authority) =>
        new(new ClusterConnection { Server = server.Address, CertificateAuthority = PemSource.FromPem(authority) }, TimeProvider.System, Within.Patience);

    private static async Task ShouldNotTrustAsync(KubeClient client, string message)
    {
        using (client)
        {
            // A write: what never left must not be reported as perhaps done.
            var act = () => Within.SafetyAsync(client.CreateAsync(StubHandler.NewNamespace("x"), default), "a refusal");
            var error = (await act.Should().ThrowAsync<KubeConnectionException>().WithMessage(message)).Which;
            error.Failure.Should().Be(ConnectionFailure.Tls);
            error.MayHaveHappened.Should().BeFalse();
            error.InnerException!.InnerException.Should().BeOfType<AuthenticationException>();
        }
    }
}
