using System.Collections.Concurrent;
using FluentAssertions;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using TestKit;
using Xunit;

namespace Kube.Client.Tests;

public sealed class TokenFileTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly TempFolder _folder = new();
    private readonly ConcurrentQueue<string> _seen = new();
    private string _accepted = "";

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_file_is_read_again_every_minute_and_the_last_good_token_stays()
    {
        var time = new FakeClock();
        var failures = 0;
        await using var server = await StartAsync();
        using var client = Client(server, time, Within.Patience with { OnReloadFailed = _ => failures++ });

        await AskAsync(client);
        _folder.Write("token", "two");
        time.Advance(TimeSpan.FromSeconds(59));
        await AskAsync(client);
        time.Advance(TimeSpan.FromSeconds(1));
        await AskAsync(client);
        File.Delete(_folder["token"]);
        time.Advance(TimeSpan.FromMinutes(2));
        await AskAsync(client);
        failures.Should().Be(1);
        _folder.Write("token", "three\n");
        time.Advance(TimeSpan.FromMinutes(1));
        await AskAsync(client);

        _seen.Should().Equal("Bearer one", "Bearer one", "Bearer two", "Bearer two", "Bearer three");
    }

    [Fact]
    public async Task A_401_reads_the_file_at_once_and_asks_once_more_writes_too()
    {
        await using var server = await StartAsync();
        using var client = Client(server, new FakeClock());
        await AskAsync(client);
        _folder.Write("token", "two");
        _accepted = "Bearer two";

        await Within.SafetyAsync(client.CreateAsync(StubHandler.NewNamespace("x"), default), "an answer");

        _seen.Should().Equal("Bearer one", "Bearer one", "Bearer two");
    }

    [Fact]
    public async Task A_401_with_the_same_token_in_the_file_is_not_asked_again()
    {
        await using var server = await StartAsync();
        using var client = Client(server, new FakeClock());
        _accepted = "another";
        var act = () => AskAsync(client);
        (await act.Should().ThrowAsync<KubeApiException>()).WithMessage("*expired or revoked*").Which.IsUnauthorized.Should().BeTrue();
        _seen.Should().HaveCount(1);
    }

    [Fact]
    public async Task A_token_file_that_is_missing_at_the_start_is_said()
    {
        await using var server = await StartAsync();
        using var client = Client(server, new FakeClock());
        File.Delete(_folder["token"]);
        var act = () => AskAsync(client);
        await act.Should().ThrowAsync<KubeConfigException>().WithMessage("*token' cannot be read*");
    }

    [Fact]
    public async Task Basic_authentication_and_impersonation_are_sent()
    {
        IHeaderDictionary? headers = null;
        await using var server = await TestServer.StartAsync(_authority.IssueServer(["127.0.0.1"]), c =>
        {
            headers = new HeaderDictionary(c.Request.Headers.ToDictionary(h => h.Key, h => h.Value, StringComparer.OrdinalIgnoreCase));
            return TestServer.WriteNamespaceAsync(c);
        });
        var connection = Connection(server) with
        {
            TokenFile = null,
            Username = "bob",
            Password = "pa:ss",
            Impersonate = new() { User = "alice", Groups = ["a"], Extra = new Dictionary<string, IReadOnlyList<string>>(
                StringComparer.Ordinal) { ["example.com/Scope"] = ["x"] } },
        };
        using var client = new KubeClient(connection, TimeProvider.System, Within.Patience with { UserAgent = "breakglass-operator/0.1.0" });
        await AskAsync(client);

        headers!.Authorization.ToString().Should().Be("Basic " + Convert.ToBase64String("bob:pa:ss"u8));
        headers["Impersonate-User"].ToString().Should().Be("alice");
        headers["Impersonate-Group"].Should().Equal("a");
        headers["Impersonate-Extra-example.com%2fscope"].Should().Equal("x");
        headers.UserAgent.ToString().Should().Be("breakglass-operator/0.1.0");
    }

    [Theory]
    [InlineData("very-secret\n")]
    [InlineData("very\nsecret")]
    [InlineData("very secret")]
    [InlineData("very…secret")]
    public async Task A_token_that_no_header_can_hold_is_said_and_not_shown(string token)
    {
        await using var server = await StartAsync();
        Func<Task> fixedToken = async () =>
        {
            using var client = new KubeClient(
                Connection(server) with { TokenFile = null, Token = token, Source = "the kubeconfig" }, TimeProvider.System, Within.Patience);
            await AskAsync(client);
        };
        (await fixedToken.Should().ThrowAsync<KubeConfigException>().WithMessage("*the kubeconfig*line breaks*")).Which.ToString()
            .Should().NotContainAny("very", "secret");

        _folder.Write("token", "very\nsecret");
        using var fileClient = Client(server, TimeProvider.System);
        var fromFile = () => AskAsync(fileClient);
        (await fromFile.Should().ThrowAsync<KubeConfigException>().WithMessage("*token*line breaks*")).Which.ToString()
            .Should().NotContainAny("very", "secret");
        _seen.Should().BeEmpty();
    }

    [Fact]
    public void Groups_that_would_arrive_as_one_are_refused()
    {
        var connection = new ClusterConnection { Server = StubHandler.Server, Impersonate = new() { User = "alice", Groups = ["a", "b"] } };
        ((Action)(() => new KubeClient(connection, TimeProvider.System).Dispose())).Should().Throw<KubeConfigException>().WithMessage("*Use one group*");
    }

    private static Task AskAsync(KubeClient client) => Within.SafetyAsync(client.GetAsync<V1Namespace>("x", null, default), "an answer");

    private Task<TestServer> StartAsync()
    {
        _folder.Write("token", "one");
        return TestServer.StartAsync(_authority.IssueServer(["127.0.0.1"]), c =>
        {
            var token = c.Request.Headers.Authorization.ToString();
            _seen.Enqueue(token);
            return _accepted.Length == 0 || token == _accepted
                ? TestServer.WriteNamespaceAsync(c) : TestServer.WriteAsync(c, """{"reason":"Unauthorized","message":"Unauthorized","code":401}""", 401);
        });
    }

    private ClusterConnection Connection(TestServer server) =>
        new() { Server = server.Address, CertificateAuthority = PemSource.FromPem(_authority.Pem), TokenFile = _folder["token"] };

    private KubeClient Client(TestServer server, TimeProvider time, KubeClientOptions? options = null) =>
        new(Connection(server), time, options ?? Within.Patience);
}
