using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using FluentAssertions;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Kube.Client.Tests;

/// <summary>
/// The bearer token goes to the API server and to nobody else. Whoever holds any serving certificate of the cluster's CA, a kubelet's or another service's,
/// and stands on the path would otherwise get it.
/// </summary>
public sealed class TokenOnTheWireTests : IDisposable
{
    private const string Token = "eyJhbGciOi.s3cret.t0ken";

    private readonly TestAuthority _authority = new();
    private readonly ConcurrentQueue<string> _received = new();

    public static TheoryData<string> Impostors => new("the CA's certificate for another host", "another CA's", "an expired one");

    public void Dispose() => _authority.Dispose();

    [Theory]
    [MemberData(nameof(Impostors))]
    public async Task A_server_that_cannot_show_that_it_is_the_API_server_receives_no_token_and_no_request(string certificate)
    {
        using var other = new TestAuthority();
        var shown = certificate switch
        {
            "another CA's" => other.IssueServer(["127.0.0.1"]),
            "an expired one" => _authority.IssueServer(["127.0.0.1"], TestAuthority.Now.AddDays(-1)),
            _ => _authority.IssueServer(["other-service.payments.svc"]),
        };
        await using var server = await StartAsync(shown);
        using var folder = new TempFolder();
        ClusterConnection[] connections =
        [
            Connection(server) with { Token = Token },
            Connection(server) with { TokenFile = folder.Write("token", Token) },
            Connection(server) with { Username = "bob", Password = Token },
        ];

        foreach (var connection in connections)
        {
            using var client = new KubeClient(connection, TimeProvider.System, Within.Patience);
            await ShouldBeRefusedAsync(() => client.GetAsync<V1Namespace>("x", null, default));
            await ShouldBeRefusedAsync(() => client.CreateAsync(StubHandler.NewNamespace("x"), default));
            await ShouldBeRefusedAsync(() => Within.ListAsync(client.WatchAsync<V1Namespace>(new(), default), "a refusal"));
        }

        _received.Should().BeEmpty();
    }

    [Fact]
    public async Task One_API_server_of_several_gets_no_token_under_the_certificate_of_another_host()
    {
        await using var impostor = await StartAsync(_authority.IssueServer(["other-service.payments.svc"]));
        await using var server = await StartAsync(_authority.IssueServer(["127.0.0.1"]));
        using var client = new KubeClient(Connection(server) with { Token = Token }, TimeProvider.System, Within.Patience);
        using var one = client.At(impostor.Address, Within.Limit);

        await ShouldBeRefusedAsync(() => one.GetAsync<V1Namespace>("x", null, default));

        _received.Should().BeEmpty();
        await Within.SafetyAsync(client.GetAsync<V1Namespace>("x", null, default), "an answer");
        _received.Should().Equal("Bearer " + Token);
    }

    [Fact]
    public async Task A_redirect_takes_the_token_nowhere()
    {
        await using var elsewhere = await StartAsync(_authority.IssueServer(["127.0.0.1"]));
        await using var server = await TestServer.StartAsync(_authority.IssueServer(["127.0.0.1"]), c =>
        {
            c.Response.Redirect(elsewhere.Address + "api/v1/namespaces/x", permanent: false, preserveMethod: true);
            return Task.CompletedTask;
        });
        using var client = new KubeClient(Connection(server) with { Token = Token }, TimeProvider.System, Within.Patience);

        var act = () => Within.SafetyAsync(client.GetAsync<V1Namespace>("x", null, default), "a refusal");

        (await act.Should().ThrowAsync<KubeApiException>()).Which.Code.Should().Be(HttpStatusCode.TemporaryRedirect);
        _received.Should().BeEmpty();
    }

    private static async Task ShouldBeRefusedAsync(Func<Task> call)
    {
        var act = () => Within.SafetyAsync(call(), "a refusal");
        (await act.Should().ThrowAsync<KubeConnectionException>()).Which.Failure.Should().Be(ConnectionFailure.Tls);
    }

    private Task<TestServer> StartAsync(X509Certificate2 certificate) => TestServer.StartAsync(certificate, c =>
    {
        _received.Enqueue(c.Request.Headers.Authorization.ToString());
        return TestServer.WriteNamespaceAsync(c);
    });

    private ClusterConnection Connection(TestServer server) => new() { Server = server.Address, CertificateAuthority = PemSource.FromPem(_authority.Pem) };
}
