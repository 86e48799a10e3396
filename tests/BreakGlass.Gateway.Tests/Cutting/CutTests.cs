using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Cutting;

public sealed class CutTests : IAsyncLifetime
{
    /// <summary>Far more than the second that is promised, because this machine may be busy; without a cut, nothing here would ever end.</summary>
    private static readonly TimeSpan s_soon = Eventually.Limit;

    private GatewayWorld _world = null!;

    public async Task InitializeAsync() => _world = await GatewayWorld.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_request_that_has_no_answer_yet_gets_401_that_says_what_happened(int version)
    {
        _world.Upstream.Handler = NeverAsync;
        var sending = _world.Client(_world.Admit(), version).GetAsync("/api");
        await OpenAsync();

        _world.Revoke();

        using var answer = await sending.Soon("the 401", s_soon);
        (await answer.StatusAsync(HttpStatusCode.Unauthorized)).Should().Contain("inc-4711").And.Contain("Revoked")
            .And.Contain("spec.revoke: done").And.Contain("kubectl breakglass request payments-oncall");
        await ClosedAsync();
    }

    [Fact]
    public async Task A_body_that_never_ends_is_not_waited_for_in_HTTP_1()
    {
        _world.Upstream.Handler = context => context.Request.Body.CopyToAsync(Stream.Null);
        await using var stream = await _world.ConnectAsync(_world.Admit());
        await stream.WriteAsync("POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n"u8.ToArray());
        await OpenAsync();
        _world.Revoke();
        (await stream.ExchangeAsync("").Soon("the end", s_soon)).Should().StartWith("HTTP/1.1 401").And.Contain("inc-4711");
        await ClosedAsync();
    }

    [Fact]
    public async Task A_body_that_never_ends_is_not_waited_for_in_HTTP_2()
    {
        _world.Upstream.Handler = context => context.Request.Body.CopyToAsync(Stream.Null);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/x") { Content = new EndlessContent() };
        var sending = _world.Client(_world.Admit()).SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await OpenAsync();
        _world.Revoke();
        using var answer = await sending.Soon("the 401", s_soon);
        answer.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        await ClosedAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task An_answer_that_has_begun_ends_with_an_error(int version)
    {
        _world.Upstream.Handler = async context =>
        {
            await context.Response.WriteAsync("half a li");
            await NeverAsync(context);
        };
        using var answer = await _world.Client(_world.Admit(), version).GetAsync("/logs?follow=true", HttpCompletionOption.ResponseHeadersRead);
        var reading = answer.Content.ReadAsStringAsync();
        await OpenAsync();

        _world.Revoke();

        await FluentActions.Awaiting(() => reading.Soon("the end", s_soon)).Should().ThrowAsync<HttpRequestException>();
        await ClosedAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_watch_ends_with_an_event_that_says_what_happened(int version)
    {
        _world.Upstream.Handler = async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{\"type\":\"ADDED\"}\n");
            await NeverAsync(context);
        };
        using var answer = await _world.Client(_world.Admit(), version).GetAsync("/api/v1/pods?watch=true", HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        (await lines.ReadLineAsync()).Should().Contain("ADDED");

        _world.Revoke();

        var last = JsonNode.Parse((await lines.ReadLineAsync().Soon("the last event", s_soon))!)!;
        ((string?)last["type"]).Should().Be("ERROR");
        ((string?)last["object"]!["message"]).Should().Contain("spec.revoke: done");
        (await lines.ReadLineAsync().Soon("the end", s_soon)).Should().BeNull();
        await ClosedAsync();
    }

    [Fact]
    public async Task A_watch_in_protobuf_ends_with_an_error()
    {
        _world.Upstream.Handler = async context =>
        {
            context.Response.ContentType = "application/vnd.kubernetes.protobuf;stream=watch";
            await context.Response.Body.WriteAsync(new byte[] { 1, 10 });
            await NeverAsync(context);
        };
        using var answer = await _world.Client(_world.Admit()).GetAsync("/api/v1/pods?watch=true", HttpCompletionOption.ResponseHeadersRead);
        var reading = answer.Content.ReadAsByteArrayAsync();
        await OpenAsync();
        _world.Revoke();
        await FluentActions.Awaiting(() => reading.Soon("the end", s_soon)).Should().ThrowAsync<HttpRequestException>();
    }

    [Fact]
    public async Task The_connection_takes_no_more_requests_and_the_next_one_gets_401()
    {
        foreach (var version in (int[])[1, 2])
        {
            var certificate = _world.Admit($"inc-{version}", $"grant-{version}");
            var client = _world.Client(certificate, version);
            (await client.GetAsync("/api")).StatusCode.Should().Be(HttpStatusCode.OK);
            _world.Revoke($"inc-{version}");
            (await client.UntilRefusedAsync()).Should().Contain($"inc-{version}");
        }
    }

    [Fact]
    public async Task A_raw_connection_of_an_ended_grant_is_closed_though_nothing_was_under_way()
    {
        await using var stream = await _world.ConnectAsync(_world.Admit());
        await stream.WriteAsync("GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        var buffer = new byte[4096];
        Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer)).Should().StartWith("HTTP/1.1 200");
        _world.Revoke();
        await stream.ExchangeAsync("").Soon("the end of the connection", s_soon);
    }

    [Fact]
    public async Task Other_grants_go_on()
    {
        var other = _world.Client(_world.Admit("inc-4712", "grant-2"));
        _world.Upstream.Handler = NeverAsync;
        var mine = _world.Client(_world.Admit()).GetAsync("/api");
        await OpenAsync();
        var theirs = other.GetAsync("/api");
        await _world.OpenAsync(2);

        _world.Revoke();

        using var answer = await mine.Soon("the 401", s_soon);
        answer.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        await _world.OpenAsync(1);
        theirs.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task Everything_is_cut_at_the_end_by_the_clock_though_no_watch_and_no_read_says_anything()
    {
        _world.Upstream.Handler = NeverAsync;
        var sending = _world.Client(_world.Admit()).GetAsync("/api");
        await OpenAsync();
        _world.Api.Watches.Silence("breakglassgrants");
        _world.Api.Faults.Inject(Fault.Refused, times: null);

        _world.Clock.Advance(_world.End - _world.Clock.GetUtcNow() - TimeSpan.FromMilliseconds(1));
        sending.IsCompleted.Should().BeFalse();
        _world.Clock.Advance(TimeSpan.FromMilliseconds(1));

        using var answer = await sending.Soon("the 401", s_soon);
        (await answer.StatusAsync(HttpStatusCode.Unauthorized)).Should().Contain("expired");
    }

    [Fact]
    public async Task A_second_connection_is_cut_at_the_end_as_well_though_no_read_says_anything()
    {
        var certificate = _world.Admit();
        using (var first = _world.Client(certificate, version: 1))
        {
            using var answered = await first.GetAsync("/api");
        }

        // The next look at the grant finds no connection of it.
        await _world.OpenAsync(0);
        for (var i = 0; i < 4; i++)
        {
            _world.Clock.Advance(TimeSpan.FromSeconds(3));
            await _world.FreshAsync();
        }

        _world.Upstream.Handler = NeverAsync;
        var sending = _world.Client(certificate).GetAsync("/api");
        await _world.OpenAsync(1);
        _world.Api.Watches.Silence("breakglassgrants");
        _world.Api.Faults.Inject(Fault.Refused, times: null);
        _world.Clock.Advance(_world.End - _world.Clock.GetUtcNow());
        using var answer = await sending.Soon("the 401", s_soon);
        (await answer.StatusAsync(HttpStatusCode.Unauthorized)).Should().Contain("expired");
    }

    [Fact]
    public async Task A_clock_that_is_set_back_prolongs_nothing()
    {
        _world.Upstream.Handler = NeverAsync;
        var sending = _world.Client(_world.Admit()).GetAsync("/api");
        await OpenAsync();
        _world.Clock.JumpWallClock(-TimeSpan.FromHours(5));
        _world.Clock.Advance(TimeSpan.FromMinutes(31));
        using var answer = await sending.Soon("the 401", s_soon);
        answer.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_watch_that_is_silently_dead_is_noticed_by_reading_the_grant_again()
    {
        _world.Upstream.Handler = NeverAsync;
        var sending = _world.Client(_world.Admit()).GetAsync("/api");
        await OpenAsync();
        _world.Api.Watches.Silence("breakglassgrants");
        _world.Revoke();
        var before = _world.Clock.Elapsed;
        await _world.StepUntilOverAsync(TimeSpan.FromSeconds(1), sending, "the 401");
        (_world.Clock.Elapsed - before).Should().BeLessThanOrEqualTo(TimeSpan.FromSeconds(30));
        using var answer = await sending;
        (await answer.StatusAsync(HttpStatusCode.Unauthorized)).Should().Contain("Revoked");
    }

    [Fact]
    public async Task A_grant_that_is_deleted_is_cut()
    {
        _world.Upstream.Handler = NeverAsync;
        var sending = _world.Client(_world.Admit()).GetAsync("/api");
        await OpenAsync();
        _world.Api.Remove<BreakGlassGrant>(GatewayWorld.Grant);
        using var deleted = await sending.Soon("the 401", s_soon);
        (await deleted.StatusAsync(HttpStatusCode.Unauthorized)).Should().Contain("no longer exists");
    }

    [Fact]
    public async Task Lockdown_of_many_grants_closes_all_of_their_requests()
    {
        _world.Upstream.Handler = NeverAsync;
        var sending = new List<Task<HttpResponseMessage>>();
        for (var i = 0; i < 40; i++)
        {
            var client = _world.Client(_world.Admit($"inc-{i}", $"grant-{i}"));
            sending.AddRange([client.GetAsync("/a"), client.GetAsync("/b")]);
        }

        await OpenAsync(sending);
        for (var i = 0; i < 40; i++) _world.Revoke($"inc-{i}");
        await ((Task)Task.WhenAll(sending)).Soon("all of them", s_soon)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

        // The gateway waits for no client: one that does not take the answer at once is broken off.
        sending.Should().OnlyContain(s => s.IsCompleted);
        foreach (var answered in sending.Where(s => s.IsCompletedSuccessfully))
        {
            using var answer = await answered;
            answer.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        }

        await ClosedAsync();
    }

    /// <summary>Waits until all of these are open; an answer to one of them says why it is not.</summary>
    private async Task OpenAsync(IReadOnlyList<Task<HttpResponseMessage>> sending)
    {
        var opened = _world.OpenAsync(sending.Count);
        if (await Task.WhenAny([opened, .. sending]) is Task<HttpResponseMessage> ended)
        {
            using var answer = await ended;
            throw new InvalidOperationException($"an open request was expected: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }

        await opened;
    }

    private static async Task NeverAsync(HttpContext context)
    {
        if (context.Response.HasStarted) await context.Response.Body.FlushAsync();
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task OpenAsync()
    {
        await _world.OpenAsync(1);
        await _world.SeenAsync();
    }

    private Task ClosedAsync() => _world.OpenAsync(0);

    /// <summary>A body of which only the first part ever comes.</summary>
    private sealed class EndlessContent : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync(new byte[1000], cancellationToken);
            await stream.FlushAsync(cancellationToken);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
