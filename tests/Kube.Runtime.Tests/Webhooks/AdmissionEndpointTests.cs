using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using k8s;
using Kube.Client;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using Xunit;

namespace Kube.Runtime.Tests.Webhooks;

public class AdmissionEndpointTests
{
    private const string Json = "application/json";
    private readonly FakeClock _clock = new();

    public static string Review(string request = """{"uid":"u-1","operation":"CREATE","userInfo":{"username":"alice"}}""") =>
        $$"""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{request}}}""";

    [Fact]
    public async Task A_review_reaches_the_handler_whole()
    {
        AdmissionRequest? seen = null;
        var reply = await Answer(
            Review("""
            {"uid":"u-1","kind":{"group":"breakglass.dev","version":"v1alpha1","kind":"BreakGlassGrant"},
             "resource":{"group":"breakglass.dev","version":"v1alpha1","resource":"breakglassgrants"},
             "subResource":"status","requestKind":{"group":"g","version":"v","kind":"K"},"name":"inc-1","operation":"UPDATE","dryRun":true,
             "userInfo":{"username":"alice","uid":"7","groups":["g1","system:authenticated"],"extra":{"a/b":["c"]}},
             "object":{"x":1},"oldObject":null,"options":{"kind":"UpdateOptions"}}
            """),
            request => { seen = request; return AdmissionAnswer.Allow(); });
        reply.HttpCode.Should().Be(200);
        seen!.Kind!.Kind.Should().Be("BreakGlassGrant");
        seen.Resource!.Resource.Should().Be("breakglassgrants");
        (seen.SubResource, seen.Name, seen.Operation, seen.DryRun).Should().Be(("status", "inc-1", "UPDATE", true));
        seen.UserInfo!.Groups.Should().Equal("g1", "system:authenticated");
        seen.UserInfo.Extra!["a/b"].Should().Equal("c");
        seen.Object!.Value.GetProperty("x").GetInt32().Should().Be(1);
        seen.OldObject.Should().BeNull();
    }

    [Fact]
    public async Task The_answer_is_a_review_of_the_same_uid()
    {
        var patch = new JsonObject { ["op"] = "remove", ["path"] = "/a" };
        var reply = await Answer(Review(), _ => AdmissionAnswer.AllowWith([(JsonNode)patch]) with { Warnings = ["mind the gap"] });
        reply.ContentType.Should().Be(Json);
        var answer = JsonNode.Parse(reply.Body.Span)!;
        answer["apiVersion"]!.GetValue<string>().Should().Be("admission.k8s.io/v1");
        answer["kind"]!.GetValue<string>().Should().Be("AdmissionReview");
        answer["request"].Should().BeNull();
        var response = answer["response"]!;
        response["uid"]!.GetValue<string>().Should().Be("u-1");
        response["allowed"]!.GetValue<bool>().Should().BeTrue();
        response["patchType"]!.GetValue<string>().Should().Be("JSONPatch");
        Encoding.UTF8.GetString(Convert.FromBase64String(response["patch"]!.GetValue<string>())).Should().Be("""[{"op":"remove","path":"/a"}]""");
        response["warnings"]!.AsArray().Single()!.GetValue<string>().Should().Be("mind the gap");
    }

    [Fact]
    public async Task A_refusal_carries_its_sentence_and_says_allowed_false()
    {
        var reply = await Answer(Review(), _ => AdmissionAnswer.Invalid("spec.duration: too long."));
        reply.HttpCode.Should().Be(200);
        Encoding.UTF8.GetString(reply.Body.Span).Should().Contain("\"allowed\":false");
        reply.Response!.Status!.Should().BeEquivalentTo(new { Code = 422, Reason = "Invalid", Message = "spec.duration: too long.", Result = "Failure" });
        reply.Response.Patch.Should().BeNull();
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("{", 400)]
    [InlineData("null", 400)]
    [InlineData("[]", 400)]
    [InlineData("7", 400)]
    [InlineData("{}", 400)]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}""", 400)]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":null}""", 400)]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"userInfo":{"username":"a"}}}""", 400)]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","userInfo":{"username":"a","username":"b"}}}""", 400)]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{"uid":"1","userInfo":{"username":"a"}}}""", 400)]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"Pod","request":{"uid":"1","userInfo":{"username":"a"}}}""", 400)]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":1}}""", 400)]
    [InlineData("""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","uid":"2","userInfo":{"username":"a"}}}""", 400)]
    [InlineData(
        """{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","userInfo":{"username":"a"},"object":{"spec":{},"spec":{}}}}""",
        400)]
    public async Task What_is_no_review_is_refused_with_a_sentence_and_never_reaches_the_handler(string body, int code)
    {
        var reply = await Answer(body, _ => throw new InvalidOperationException("asked"));
        reply.HttpCode.Should().Be(code);
        reply.Response.Should().BeNull();
        Encoding.UTF8.GetString(reply.Body.Span).Should().MatchRegex("^[A-Z].*\\.\n$");
    }

    [Fact]
    public async Task Text_that_is_no_text_is_refused()
    {
        const string Odd = """{"uid":"u","userInfo":{"username":"a"},"object":{"a":"X"}}""";
        var half = await Answer(Review(Odd.Replace("X", "\\ud800", StringComparison.Ordinal)), _ => throw new InvalidOperationException("asked"));
        half.HttpCode.Should().Be(400);
        (await Answer(Review(Odd.Replace("X", "\\ud83d\\ude00", StringComparison.Ordinal)), _ => AdmissionAnswer.Allow())).HttpCode.Should().Be(200);
        var bytes = Encoding.Latin1.GetBytes(Review(Odd.Replace("X", "\u00ff", StringComparison.Ordinal)));
        (await Endpoint(_ => AdmissionAnswer.Allow()).AnswerAsync(Json, bytes, default)).HttpCode.Should().Be(400);
    }

    [Fact]
    public async Task Nesting_without_end_is_refused()
    {
        var reply = await Answer(Review($$"""{"uid":"u","userInfo":{"username":"a"},"object":{{new string('[', 100_000)}}"""), _ => AdmissionAnswer.Allow());
        reply.HttpCode.Should().Be(400);
    }

    [Theory]
    [InlineData("""{"uid":"u-1"}""")]
    [InlineData("""{"uid":"u-1","userInfo":null}""")]
    [InlineData("""{"uid":"u-1","userInfo":{}}""")]
    [InlineData("""{"uid":"u-1","userInfo":{"username":"","groups":["system:masters"]}}""")]
    public async Task A_review_without_a_user_is_denied(string request)
    {
        var reply = await Answer(Review(request), _ => AdmissionAnswer.Allow());
        (reply.HttpCode, reply.Response!.Uid, reply.Response.Allowed, reply.Response.Status!.Code).Should().Be((200, "u-1", false, 401));
    }

    [Fact]
    public async Task A_handler_that_throws_refuses_and_is_counted_and_shows_nothing_of_why()
    {
        using var metrics = new WebhookSums("/throws");
        var reply = await Answer(Review(), _ => throw new InvalidOperationException("the password is 1234"), "/throws");
        (reply.HttpCode, reply.Response!.Uid, reply.Response.Allowed, reply.Response.Status!.Code).Should().Be((200, "u-1", false, 500));
        Encoding.UTF8.GetString(reply.Body.Span).Should().NotContain("1234");
        metrics["controller_runtime_webhook_panics_total"].Should().Be(1);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    [InlineData("application/json-patch+json")]
    [InlineData("")]
    [InlineData(null)]
    public async Task Another_content_type_is_415(string? contentType) =>
        (await Endpoint(_ => AdmissionAnswer.Allow()).AnswerAsync(contentType, Encoding.UTF8.GetBytes(Review()), default)).HttpCode.Should().Be(415);

    [Fact]
    public async Task A_content_type_may_have_parameters() =>
        (await Endpoint(_ => AdmissionAnswer.Allow()).AnswerAsync("application/json; charset=utf-8", Encoding.UTF8.GetBytes(Review()), default))
            .HttpCode.Should().Be(200);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_over_7_MiB_is_413_whether_its_length_is_told_or_not(bool told)
    {
        var context = Http("POST", new byte[(7 * 1024 * 1024) + 1], told);
        await Endpoint(_ => AdmissionAnswer.Allow()).ServeAsync(context);
        context.Response.StatusCode.Should().Be(413);
        Text(context).Should().Contain("7 MiB");
    }

    [Fact]
    public async Task A_body_of_7_MiB_is_read()
    {
        var review = Review("""{"uid":"u","userInfo":{"username":"a"},"object":{"a":"X"}}""");
        var body = Encoding.UTF8.GetBytes(review.Replace("X", new string('x', (7 * 1024 * 1024) - review.Length + 1), StringComparison.Ordinal));
        body.Should().HaveCount(7 * 1024 * 1024);
        var context = Http("POST", body, told: false);
        await Endpoint(_ => AdmissionAnswer.Allow()).ServeAsync(context);
        context.Response.StatusCode.Should().Be(200);
    }

    [Theory]
    [InlineData("?timeout=7s", "7s")]
    [InlineData("", null)]
    public async Task The_handler_knows_how_long_the_API_server_waits_and_what_of_it_is_over(string query, string? timeout)
    {
        var budget = new MemoryBudget(1000, _clock);
        var room = await budget.TakeAsync(1000, default);
        AdmissionRequest? seen = null;
        var endpoint = new AdmissionEndpoint(
            "/test",
            (request, _) => { seen = request; return ValueTask.FromResult(AdmissionAnswer.Allow()); },
            _clock, NullLogger.Instance, new() { Budget = budget });
        const string Forged = """{"uid":"u-1","userInfo":{"username":"alice"},"wait":{"timeout":"1h","spent":"-01:00:00"}}""";
        var context = Http("POST", Encoding.UTF8.GetBytes(Review(Forged)), told: true);
        context.Request.QueryString = new(query);

        var served = endpoint.ServeAsync(context);
        _clock.Advance(TimeSpan.FromSeconds(1));
        room!.Dispose();
        await served.Soon("the answer");

        context.Response.StatusCode.Should().Be(200);
        seen!.Wait.Should().Be(new AdmissionWait(timeout, TimeSpan.FromSeconds(1)), "it waited for memory, and the review has no say in this");
    }

    [Fact]
    public async Task Only_POST_is_answered()
    {
        var context = Http("GET", [], told: true);
        await Endpoint(_ => AdmissionAnswer.Allow()).ServeAsync(context);
        context.Response.StatusCode.Should().Be(405);
    }

    [Fact]
    public async Task Requests_are_counted_by_webhook_and_code_and_none_stays_in_flight()
    {
        using var metrics = new WebhookSums("/counted");
        var endpoint = Endpoint(_ => AdmissionAnswer.Allow(), "/counted");
        await endpoint.ServeAsync(Http("POST", Encoding.UTF8.GetBytes(Review()), told: true));
        await endpoint.ServeAsync(Http("POST", [1], told: true));
        metrics["controller_runtime_webhook_requests_total{200}"].Should().Be(1);
        metrics["controller_runtime_webhook_requests_total{400}"].Should().Be(1);
        metrics["controller_runtime_webhook_requests_in_flight"].Should().Be(0);
        metrics["controller_runtime_webhook_latency_seconds"].Should().Be(0, "the clock stood still, and both were measured");
        metrics["controller_runtime_webhook_panics_total"].Should().Be(0);
    }

    private Task<WebhookReply> Answer(string body, Func<AdmissionRequest, AdmissionAnswer> decide, string path = "/test") =>
        Endpoint(decide, path).AnswerAsync(Json, Encoding.UTF8.GetBytes(body), default).AsTask();

    private AdmissionEndpoint Endpoint(Func<AdmissionRequest, AdmissionAnswer> decide, string path = "/test") =>
        new(path, (request, _) => ValueTask.FromResult(decide(request)), _clock, NullLogger.Instance);

    private static DefaultHttpContext Http(string method, byte[] body, bool told)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = method;
        context.Request.ContentType = Json;
        context.Request.Body = new MemoryStream(body);
        context.Request.ContentLength = told ? body.Length : null;
        context.Response.Body = new MemoryStream();
        return context;
    }

    private static string Text(HttpContext context) => Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray());
}
