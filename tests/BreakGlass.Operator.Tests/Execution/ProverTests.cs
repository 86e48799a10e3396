using System.Net;
using System.Net.Http.Headers;
using System.Text;
using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Operator.Execution;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Execution;

/// <summary>A cluster of two API servers, of which one may be behind: the proof asks both.</summary>
public sealed class ProverTests : IDisposable
{
    private static readonly Uri Common = new("https://kubernetes.test:6443");

    private readonly FakeClock _clock = new();
    private readonly FakeApiServer _first;
    private readonly FakeApiServer _second;
    private readonly Router _router;

    public ProverTests()
    {
        (_first, _second) = (new(_clock), new(_clock));
        _router = new(_first.CreateHandler(), _second.CreateHandler());
    }

    public void Dispose() => _router.Dispose();

    [Fact]
    public async Task Access_is_over_when_every_API_server_says_so()
    {
        var proof = await ProveAsync();
        proof.Should().Match<Proof>(p => p.AccessGone && p.Answered == 2 && p.Servers == 2);
    }

    [Fact]
    public async Task One_API_server_that_still_finds_access_keeps_it_from_being_called_over()
    {
        StillGives(_second);
        (await ProveAsync()).AccessGone.Should().BeFalse();
    }

    [Fact]
    public async Task An_API_server_that_cannot_be_reached_is_counted_and_not_waited_for()
    {
        StillGives(_second);
        _router.SecondIsDown = true;
        (await ProveAsync()).Should().Match<Proof>(p => p.AccessGone && p.Answered == 1 && p.Servers == 2);
    }

    [Fact]
    public async Task Where_none_can_be_reached_by_itself_the_common_address_is_asked()
    {
        _router.FirstIsDown = _router.SecondIsDown = true;
        (await ProveAsync()).Should().Match<Proof>(p => p.AccessGone && p.Servers == 0);
        StillGives(_first);
        (await ProveAsync()).AccessGone.Should().BeFalse();
    }

    [Fact]
    public async Task With_a_single_API_server_nothing_more_is_asked_than_its_address_once_a_minute()
    {
        _router.Addresses = ["10.0.0.1"];
        using var client = new KubeClient(_router, Common, _clock);
        using var servers = new ApiServers(client, _clock);
        for (var i = 0; i < 5; i++) await ProveAsync(client, servers);
        _router.Reads.Should().Be(1);
        _router.Reviews.Should().Be(5);
        _clock.Advance(TimeSpan.FromSeconds(61));
        await ProveAsync(client, servers);
        _router.Reads.Should().Be(2);
    }

    private static void StillGives(FakeApiServer server)
    {
        server.CreateNamespace("payments");
        server.Put(new V1ClusterRole { Metadata = new() { Name = "edit" }, Rules = [A.Rule("", "pods", "get")] });
        server.Put(new V1RoleBinding
        {
            Metadata = new() { Name = "breakglass-inc", NamespaceProperty = "payments" },
            RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = "edit" },
            Subjects = [new() { Kind = "User", ApiGroup = V1Role.KubeGroup, Name = "alice" }],
        });
    }

    private async Task<Proof> ProveAsync()
    {
        using var client = new KubeClient(_router, Common, _clock);
        using var servers = new ApiServers(client, _clock);
        return await ProveAsync(client, servers);
    }

    private async Task<Proof> ProveAsync(KubeClient client, ApiServers servers)
    {
        var grant = A.Grant() with { Status = new() { Credential = CredentialKind.BindRequester } };
        var question =
            new V1SubjectAccessReviewSpec { User = "alice", ResourceAttributes = new() { NamespaceProperty = "payments", Verb = "get", Resource = "pods" } };
        return await new Prover(client, servers, new CredentialVault(), _clock).ProveAsync(grant, new([question], ["breakglass-inc"]), CancellationToken.None);
    }

    /// <summary>The common address leads to the first server; each has one of its own, which the Endpoints name.</summary>
    private sealed class Router(HttpMessageHandler first, HttpMessageHandler second) : HttpMessageHandler
    {
        private readonly HttpMessageInvoker _first = new(first);
        private readonly HttpMessageInvoker _second = new(second);

        public IReadOnlyList<string> Addresses { get; set; } = ["10.0.0.1", "10.0.0.2"];

        public bool FirstIsDown { get; set; }

        public bool SecondIsDown { get; set; }

        public int Reads { get; private set; }

        public int Reviews { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var (uri, host) = (request.RequestUri!, request.RequestUri!.Host);
            if (uri.AbsolutePath == "/api/v1/namespaces/default/endpoints/kubernetes")
            {
                Reads++;
                var addresses = string.Join(',', Addresses.Select(a => $$"""{"ip":"{{a}}"}"""));
                var body =
                    $$"""{"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"kubernetes","namespace":"default"},"subsets":["""
                        + $$"""{"addresses":[{{addresses}}],"ports":[{"name":"https","port":6443}]}]}""";
                return Task.FromResult(new HttpResponseMessage(
                    HttpStatusCode.OK) { Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json")) });
            }

            Reviews++;
            if ((host == "10.0.0.1" && FirstIsDown) || (host == "10.0.0.2" && SecondIsDown))
                throw new HttpRequestException(HttpRequestError.ConnectionError, "connection refused");
            return (host == "10.0.0.2" ? _second : _first).SendAsync(request, cancellationToken);
        }

        protected override void Dispose(bool disposing)
        {
            _first.Dispose();
            _second.Dispose();
            base.Dispose(disposing);
        }
    }
}
