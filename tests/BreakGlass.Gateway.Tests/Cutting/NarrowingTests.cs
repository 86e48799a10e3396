using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Gateway.Tests.Cutting;

public sealed class NarrowingTests : IAsyncLifetime
{
    private const string Review = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

    private static readonly TimeSpan s_soon = Eventually.Limit;

    private readonly ConcurrentQueue<(JsonNode Attributes, string Authorization, string As)> _asked = new();
    private readonly ConcurrentDictionary<string, bool> _refused = new();
    private GatewayWorld _world = null!;

    public async Task InitializeAsync()
    {
        _world = await GatewayWorld.StartAsync();
        _world.Upstream.Handler = AnswerAsync;
    }

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_stream_in_a_namespace_that_the_grant_lost_is_closed_and_the_others_go_on(int version)
    {
        var client = _world.Client(Admit("payments", "orders"), version);
        var lost = client.GetAsync("/api/v1/namespaces/orders/configmaps?watch=true");
        var kept = client.GetAsync("/api/v1/namespaces/payments/configmaps?watch=true");
        await _world.OpenAsync(2);
        _refused["orders"] = true;

        Give("payments");

        using var answer = await lost.Soon("the 403", s_soon);
        (await answer.StatusAsync(HttpStatusCode.Forbidden)).Should().Contain("inc-4711 was narrowed").And.Contain("watch configmaps in namespace orders");
        await _world.OpenAsync(1);
        kept.IsCompleted.Should().BeFalse("the narrower grant still allows it");
        _asked.Should().NotContain(q => (string?)q.Attributes["namespace"] == "payments", "what was lost gave nothing there");
        (await client.GetAsync("/done")).StatusCode.Should().Be(HttpStatusCode.OK, "the connection goes on");
    }

    [Fact]
    public async Task The_API_server_is_asked_about_the_request_with_the_token_of_the_grant()
    {
        var sending = _world.Client(Admit("payments", "orders")).PostAsync("/api/v1/namespaces/orders/pods/web/exec?command=sh", null);
        await _world.OpenAsync(1);
        await _world.SeenAsync();
        _refused["orders"] = true;
        Give("payments");
        using var answer = await sending.Soon("the 403", s_soon);
        var (attributes, authorization, _) = _asked.First();
        attributes.ToJsonString().Should().Be(
            """{"name":"web","namespace":"orders","resource":"pods","subresource":"exec","verb":"create"}""");
        authorization.Should().StartWith("Bearer ey");
        string.Join('\n', _world.Log.Lines).Should().NotContain(authorization["Bearer ".Length..]);
    }

    [Fact]
    public async Task A_role_of_the_whole_cluster_that_is_lost_is_asked_about_everywhere()
    {
        var client = _world.Client(_world.Admit(status: s => s with { Bindings = [new() { Role = "ClusterRole/view" }, In("payments")] }));
        var node = client.GetAsync("/api/v1/nodes?watch=true");
        var pods = client.GetAsync("/api/v1/namespaces/payments/pods?watch=true");
        await _world.OpenAsync(2);
        _refused[""] = true;
        Give("payments");
        using var answer = await node.Soon("the 403", s_soon);
        answer.StatusCode.Should().Be(HttpStatusCode.Forbidden);
        await AskedAsync(2);
        pods.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task An_authorizer_that_lags_is_asked_a_second_time()
    {
        var sending = _world.Client(Admit("payments", "orders")).GetAsync("/api/v1/namespaces/orders/configmaps?watch=true");
        await _world.OpenAsync(1);
        await _world.SeenAsync();
        Give("payments");
        await AskedAsync(1);
        sending.IsCompleted.Should().BeFalse();

        _refused["orders"] = true;
        await AdvanceUntilAsync(sending);

        using var answer = await sending;
        answer.StatusCode.Should().Be(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task What_the_API_server_does_not_answer_in_time_is_closed()
    {
        var sending = _world.Client(Admit("payments", "orders")).GetAsync("/api/v1/namespaces/orders/configmaps?watch=true");
        await _world.OpenAsync(1);
        await _world.SeenAsync();
        _world.Upstream.Handler = NeverAsync;
        Give("payments");
        await AdvanceUntilAsync(sending);
        using var answer = await sending;
        answer.StatusCode.Should().Be(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task What_the_API_server_does_not_let_the_grant_ask_is_closed()
    {
        var sending = _world.Client(Admit("payments", "orders")).GetAsync("/api/v1/namespaces/orders/configmaps?watch=true");
        await _world.OpenAsync(1);
        await _world.SeenAsync();
        _world.Upstream.Handler = context =>
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        };
        Give("payments");
        using var answer = await sending.Soon("the 403", s_soon);
        answer.StatusCode.Should().Be(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_request_that_acts_as_another_user_is_asked_about_as_that_user()
    {
        _world.Api.Put(A.Policy(spec: s => s with { AllowPersistence = ["impersonate"] }));
        var client = _world.Client(Admit("payments", "orders"));
        await client.UntilAnsweredAsync(HttpStatusCode.OK, () => As("/done"), "a policy that allows impersonation");
        using var request = As("/api/v1/namespaces/payments/configmaps?watch=true");
        var sending = client.SendAsync(request);
        await _world.OpenAsync(1);
        Give("payments");
        await AskedAsync(1);
        _asked.First().As.Should().Be("carol");
        sending.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task A_grant_that_grows_closes_nothing_and_asks_nothing()
    {
        var sending = _world.Client(Admit("payments")).GetAsync("/api/v1/namespaces/payments/configmaps?watch=true");
        await _world.OpenAsync(1);
        Give("payments", "orders");
        for (var i = 0; i < 3; i++)
        {
            _world.Clock.Advance(TimeSpan.FromSeconds(3));
            await _world.FreshAsync();
        }

        sending.IsCompleted.Should().BeFalse();
        _asked.Should().BeEmpty();
    }

    private static HttpRequestMessage As(string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Impersonate-User", "carol");
        return request;
    }

    private static BindingRecord In(string ns) => new() { Kind = "RoleBinding", Namespace = ns, Name = $"bg-{ns}", Role = "ClusterRole/edit" };

    private System.Security.Cryptography.X509Certificates.X509Certificate2 Admit(params string[] namespaces) =>
        _world.Admit(status: s => s with { Bindings = [.. namespaces.Select(In)] });

    private void Give(params string[] namespaces) => _world.Api.Modify<BreakGlassGrant>(
        GatewayWorld.Grant, null, grant => grant with { Status = grant.Status with { Bindings = [.. namespaces.Select(In)] } });

    private Task AskedAsync(int times) => GatewayWorld.UntilAsync(() => Task.FromResult(_asked.Count >= times), $"{times} questions to the API server");

    private Task AdvanceUntilAsync(Task over) => _world.StepUntilOverAsync(TimeSpan.FromMilliseconds(500), over, "the end");

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Path == "/done") return;
        if (context.Request.Path != Review)
        {
            await NeverAsync(context);
            return;
        }

        var question = (await JsonNode.ParseAsync(context.Request.Body))!;
        var attributes = question["spec"]!["resourceAttributes"]!;
        var sorted = new JsonObject(attributes.AsObject().OrderBy(p => p.Key, StringComparer.Ordinal)
            .Where(p => (string?)p.Value is { Length: > 0 }).Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())));
        _asked.Enqueue((sorted, context.Request.Headers.Authorization.ToString(), context.Request.Headers["Impersonate-User"].ToString()));
        question["status"] = new JsonObject { ["allowed"] = !_refused.ContainsKey((string?)attributes["namespace"] ?? "") };
        context.Response.ContentType = "application/json";
        context.Response.StatusCode = StatusCodes.Status201Created;
        await context.Response.WriteAsync(question.ToJsonString());
    }

    private static async Task NeverAsync(HttpContext context) =>
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
