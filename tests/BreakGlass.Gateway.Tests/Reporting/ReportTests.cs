using System.Net;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using BreakGlass.Core.Sessions;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Reporting;

/// <summary>What the gateway reports of the requests that it forwards and refuses.</summary>
public sealed class ReportTests : IAsyncLifetime
{
    private GatewayWorld _world = null!;

    public async Task InitializeAsync() => _world = await GatewayWorld.StartAsync(GatewayWorld.Limits with { RequestsPerGrant = 3 }, reports: true);

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task A_request_is_reported_with_what_it_was_about_and_what_became_of_it()
    {
        _world.Upstream.Handler = async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Response.Headers["Audit-Id"] = context.Request.Headers["Audit-Id"].ToString();
            context.Response.StatusCode = 201;
            await context.Response.WriteAsync("hello");
        };
        using var request = new HttpRequestMessage(
            HttpMethod.Post, "/apis/apps/v1/namespaces/payments/deployments?dryRun=All&fieldManager=kubectl&token=secret");
        request.Content = new StringContent("{}");
        request.Headers.Add("User-Agent", "kubectl/v1.35");
        request.Headers.Add("Audit-ID", "mine");
        request.Headers.Add("X-Forwarded-For", "203.0.113.9");
        using var answer = await _world.Client(_world.AdmitRecorded()).SendAsync(request);
        answer.Headers.Contains("Audit-Id").Should().BeFalse("by it, the operator knows a request");

        var done = await DoneAsync();
        var sent = _world.Upstream.Seen.Single().Headers["Audit-Id"];
        Guid.TryParse(sent, out _).Should().BeTrue();
        Text(done, "auditID").Should().Be(sent).And.NotBe("mine");
        Text(done, "verb").Should().Be("create");
        Text(done, "requestURI").Should().Be("/apis/apps/v1/namespaces/payments/deployments?dryRun=All&fieldManager=kubectl");
        Text(done, "userAgent").Should().Be("kubectl/v1.35");
        Text(done["user"]!, "username").Should().Be($"system:serviceaccount:breakglass-grants:sa-{GatewayWorld.Grant}");
        done["sourceIPs"]!.AsArray().Select(a => (string?)a).Should().Equal("127.0.0.1");
        done["objectRef"]!.ToJsonString().Should().Be("""{"apiGroup":"apps","resource":"deployments","subresource":"","namespace":"payments","name":""}""");
        ((int)done["responseStatus"]!["code"]!).Should().Be(201);
        (Text(done["annotations"]!, GatewayReports.BytesIn), Text(done["annotations"]!, GatewayReports.BytesOut)).Should().Be(("2", "5"));
        _world.Operator!.Of("ResponseStarted").Should().BeEmpty("it is no stream");
    }

    [Fact]
    public async Task A_watch_is_reported_when_it_begins_and_when_it_ends()
    {
        _world.Upstream.Handler = async context =>
        {
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        };
        using (await _world.Client(_world.AdmitRecorded()).GetAsync("/api/v1/pods?watch=true", HttpCompletionOption.ResponseHeadersRead))
            await _world.UntilAsync(() => _world.Operator!.Of("ResponseStarted").Count == 1, "the begin of the watch");

        var done = await DoneAsync();
        Text(done, "auditID").Should().Be(Text(_world.Operator!.Of("ResponseStarted").Single(), "auditID"));
        Text(done, "verb").Should().Be("watch");
        Text(done["annotations"]!, GatewayReports.Begun).Should().Be("true");
    }

    [Fact]
    public async Task Bytes_of_a_shell_are_use_and_a_shell_or_a_watch_that_only_stays_open_is_not()
    {
        var got = 0;
        _world.Upstream.Handler = async context =>
        {
            if (context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade)
            {
                await context.Response.WriteAsync("{}\n");
                await context.Response.Body.FlushAsync();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
                return;
            }

            using var socket = await upgrade.AcceptAsync(context, "v5.channel.k8s.io");
            while ((await socket.ReceiveAsync(new byte[100], context.RequestAborted)).MessageType is not WebSocketMessageType.Close) got++;
        };
        var certificate = _world.AdmitRecorded();
        using var watch = await _world.Client(certificate).GetAsync("/api/v1/pods?watch=1", HttpCompletionOption.ResponseHeadersRead);
        using var shell = await _world.WebSocketAsync(certificate, "/api/v1/namespaces/a/pods/b/exec?command=sh", "v5.channel.k8s.io");
        await _world.UntilAsync(() => _world.Operator!.Of("ResponseStarted").Count == 2, "the begin of both");
        await QuietAsync();

        var before = _world.Operator!.Activity.Count;
        await shell.SendAsync("\0id\n"u8.ToArray(), WebSocketMessageType.Binary, endOfMessage: true, default);
        await _world.UntilAsync(() => got == 1 && _world.Operator!.Activity.Count == before + 1, "the report of the use");
        Text(_world.Operator!.Activity[^1], "verb").Should().Be("get");
        Text(_world.Operator!.Activity[^1]["user"]!, "username").Should().EndWith(GatewayWorld.Grant);
        await QuietAsync();

        async Task QuietAsync()
        {
            // Whatever was used before is reported with the post after the next.
            var posts = _world.Operator!.Posts.Count;
            await _world.UntilAsync(() => _world.Operator!.Posts.Count >= posts + 2, "two posts");
            var activity = _world.Operator!.Activity.Count;
            posts = _world.Operator!.Posts.Count;
            await _world.UntilAsync(() => _world.Operator!.Posts.Count >= posts + 3, "three heartbeats");
            _world.Operator!.Activity.Should().HaveCount(activity);
        }
    }

    [Fact]
    public async Task A_request_that_the_gateway_refuses_is_reported()
    {
        var certificate = _world.AdmitRecorded();
        using (var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/secrets"))
        {
            request.Headers.Add("Impersonate-User", "admin");
            using var refused = await _world.Client(certificate).SendAsync(request);
        }

        var forbidden = await DoneAsync();
        ((int)forbidden["responseStatus"]!["code"]!).Should().Be(403);
        Text(forbidden["impersonatedUser"]!, "username").Should().Be("admin");

        _world.Revoke();
        await _world.Client(certificate).UntilRefusedAsync();
        await _world.UntilAsync(() => _world.Operator!.Of("ResponseComplete").Any(e => (int?)e["responseStatus"]?["code"] == 401), "the 401");
        _world.Upstream.Seen.Where(s => s.Target.Contains("secrets", StringComparison.Ordinal)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_request_of_any_length_is_a_short_event()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces/x/pods/" + new string('+', 20_000));
        request.Headers.Add("Impersonate-User", new string('+', 20_000));
        using (await _world.Client(_world.AdmitRecorded()).SendAsync(request))
        {
        }

        (await DoneAsync()).ToJsonString().Length.Should().BeLessThan(40_000);
        _world.Operator!.Posts.Max(p => p.Body.Length).Should().BeLessThan(8_000);
    }

    [Fact]
    public async Task The_requests_of_a_grant_that_is_over_keep_out_nothing_of_others()
    {
        _world.Upstream.Handler = async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{}\n");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        };

        // The connection to the operator is open before anything depends on it: while a busy machine opened it, the ten seconds could pass after which the
        // watch is closed. The second post tells that the first was answered.
        await _world.StepUntilAsync(
            TimeSpan.FromSeconds(1), () => Task.FromResult(_world.Operator!.Posts.DistinctBy(p => p.Path).Count() > 1), "the first post and the second");
        var (over, recorded) = (_world.AdmitRecorded(name: "inc-4712", uid: "grant-2"), _world.AdmitRecorded(RecordingFailureHandling.End));
        using var watch = await _world.Client(recorded).GetAsync("/api/v1/pods?watch=1", HttpCompletionOption.ResponseHeadersRead);
        _world.Revoke("inc-4712");
        var client = _world.Client(over);
        await client.UntilRefusedAsync();
        var path = "/api/v1/namespaces/x/pods/" + new string('+', 20_000);
        for (var i = 0; i < 60; i++) await client.UntilRefusedAsync(path);

        await _world.UntilAsync(() => _world.Operator!.Of("ResponseComplete").Any(e => (int?)e["responseStatus"]?["code"] == 401), "one of the refusals");
        _world.Operator!.Of("ResponseComplete").Count.Should().BeLessThan(10, "one in a second is reported");
        _world.Gateway.OpenRequests.Should().Be(1, "the watch goes on");
    }

    [Fact]
    public async Task Strangers_and_grants_that_are_not_recorded_are_not_reported()
    {
        using var of = _world.Authority.Client("inc-1", "unknown", _world.End);
        using (await _world.Client(of).GetAsync("/api"))
        {
        }

        using (await _world.Client(_world.Admit(status: s => s with { Recording = new() { Record = RecordingMode.None } })).GetAsync("/api"))
        {
        }

        await _world.UntilAsync(() => _world.Operator!.Posts.Count >= 3, "posts");
        _world.Operator!.Events.Should().BeEmpty();
        _world.Operator!.Posts.Should().OnlyContain(p => p.Body == """{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[]}""")
            .And.OnlyContain(p => p.Path.StartsWith("/gateway/requests?until=2026-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_the_operator_did_not_take_is_sent_again_until_it_does()
    {
        _world.Operator!.Code = 503;
        var client = _world.Client(_world.AdmitRecorded());
        using (await client.GetAsync("/api/v1/pods"))
        {
        }

        await _world.UntilAsync(() => _world.Operator!.Posts.Count(p => p.Body.Contains("pods", StringComparison.Ordinal)) >= 2, "two tries");
        _world.Operator.Code = 200;
        await DoneAsync();
        _world.Operator.Posts.Where(p => p.Body.Contains("pods", StringComparison.Ordinal)).Select(p => (p.Path, p.Body)).Distinct()
            .Should().ContainSingle("a try is the same as the one before, and says the same time");
    }

    [Fact]
    public async Task If_it_cannot_report_for_ten_seconds_grants_that_must_be_recorded_are_closed_and_others_go_on()
    {
        _world.Upstream.Handler = async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{}\n");
            await context.Response.Body.FlushAsync();
            if (context.Request.Query.ContainsKey("watch")) await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        };
        var (ends, goesOn) = (_world.AdmitRecorded(RecordingFailureHandling.End), _world.AdmitRecorded(name: "inc-4712", uid: "grant-2"));
        using var watch = await _world.Client(ends).GetAsync("/api/v1/pods?watch=1", HttpCompletionOption.ResponseHeadersRead);
        using var other = await _world.Client(goesOn).GetAsync("/api/v1/pods?watch=1", HttpCompletionOption.ResponseHeadersRead);
        await _world.UntilAsync(() => _world.Operator!.Of("ResponseStarted").Count == 2, "the begin of both");

        _world.Operator!.Code = 500;
        await _world.UntilAsync(() => _world.Log.Lines.Any(l => l.Contains("nothing that is recorded has reached the operator")), "the failure");
        using (var refused = await _world.Client(ends).GetAsync("/api/v1/pods"))
        {
            (await refused.StatusAsync(HttpStatusCode.ServiceUnavailable)).Should().Contain("cannot record the session")
                .And.Contain("onRecordingFailure: End");
        }

        using (var served = await _world.Client(goesOn).GetAsync("/api/v1/pods")) served.StatusCode.Should().Be(HttpStatusCode.OK);
        await _world.OpenAsync(1);

        _world.Operator!.Code = 200;
        await _world.UntilAsync(() => _world.Log.Lines.Any(l => l.Contains("reaches the operator again")), "the recovery");
        using (var again = await _world.Client(ends).GetAsync("/api/v1/pods")) again.StatusCode.Should().Be(HttpStatusCode.OK);
        await _world.UntilAsync(
            () => _world.Operator!.Of("ResponseComplete").Any(e => (int?)e["responseStatus"]?["code"] == 503), "the report of the refusal");
        var ended = await watch.Content.ReadAsStringAsync();
        ended.Should().Contain("cannot record the session");
    }

    private async Task<JsonNode> DoneAsync()
    {
        await _world.UntilAsync(() => _world.Operator!.Of("ResponseComplete").Count > 0, "the report of a request");
        return _world.Operator!.Of("ResponseComplete")[0];
    }

    private static string? Text(JsonNode node, string property) => (string?)node[property];
}
