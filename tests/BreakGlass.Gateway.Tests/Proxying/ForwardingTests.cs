using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Proxying;

public sealed class ForwardingTests : IAsyncLifetime
{
    private GatewayWorld _world = null!;

    public async Task InitializeAsync() => _world = await GatewayWorld.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_request_reaches_the_API_server_byte_for_byte_with_the_token_of_the_grant(int version)
    {
        const string Target = "/api/v1/namespaces/payments/pods?limit=500&continue=a%2Fb%3D&fieldSelector=metadata.name%3Dx";
        using var request = new HttpRequestMessage(
            HttpMethod.Get, new Uri(new Uri($"https://localhost:{_world.Gateway.Port}"), Target));
        request.Headers.TryAddWithoutValidation("User-Agent", "kubectl/v1.36.2 (linux/amd64) kubernetes/abc");
        request.Headers.TryAddWithoutValidation("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
        request.Headers.TryAddWithoutValidation("Kubectl-Session", "s-1");

        using var answer = await _world.Client(_world.Admit(), version).SendAsync(request);

        (await answer.Content.ReadAsStringAsync()).Should().Be("ok");
        var seen = _world.Upstream.Seen.Single();
        seen.Target.Should().Be(Target);
        seen.Headers["User-Agent"].Should().Be("kubectl/v1.36.2 (linux/amd64) kubernetes/abc");
        seen.Headers["Accept"].Should().Be("application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
        seen.Headers["Kubectl-Session"].Should().Be("s-1");
        seen.Headers["Authorization"].Should().StartWith("Bearer ");
        seen.Headers["X-Forwarded-For"].Should().BeOneOf("127.0.0.1", "::1");
        seen.Headers["Host"].Should().StartWith("127.0.0.1:", "the API server is asked by its own name");
        _world.Api.Requests.All.Single(r => r.Call.Is("create", "serviceaccounts/token")).Code.Should().Be(201);
    }

    [Fact]
    public async Task What_a_client_says_about_itself_does_not_reach_the_API_server()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api");
        foreach (var name in (string[])["X-Remote-User", "X-Remote-Group", "X-Remote-Extra-Scopes", "Forwarded", "X-Forwarded-Proto", "X-Real-Ip", "Audit-Id"])
            request.Headers.TryAddWithoutValidation(name, "mallory");
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", "203.0.113.9");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer mallory");

        using var answer = await _world.Client(_world.Admit(), 1).SendAsync(request);

        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        _world.Upstream.Seen.Single().Headers.Values.Should().NotContain(v => v.Contains("mallory") || v.Contains("203.0.113.9"));
    }

    [Fact]
    public async Task Impersonation_passes_only_if_the_policy_allows_it()
    {
        var client = _world.Client(_world.Admit());
        using (var request = new HttpRequestMessage(HttpMethod.Get, "/api") { Headers = { { "Impersonate-User", "admin" } } })
        using (var refused = await client.SendAsync(request))
            (await refused.StatusAsync(HttpStatusCode.Forbidden)).Should().Contain("allowPersistence");
        _world.Upstream.Seen.Should().BeEmpty();

        _world.Api.Modify<BreakGlass.Core.Api.BreakGlassPolicy>(
            "payments-oncall", null, p => p with { Spec = p.Spec with { AllowPersistence = ["impersonate"] } });
        await _world.Api.Watches.WhenDrained();
        for (var tries = 0; tries < 1000 && _world.Upstream.Seen.IsEmpty; tries++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api") { Headers = { { "Impersonate-User", "admin" } } };
            using var answer = await client.SendAsync(request);
        }

        _world.Upstream.Seen.First().Headers["Impersonate-User"].Should().Be("admin");
    }

    [Theory]
    [InlineData(1, 1, false)]
    [InlineData(1, 1, true)]
    [InlineData(2, 1, true)]
    [InlineData(1, 50, false)]
    [InlineData(2, 50, true)]
    public async Task Bodies_pass_both_ways_unchanged(int version, int megabytes, bool isChunked)
    {
        _world.Upstream.Handler = async context =>
        {
            context.Response.Headers["X-Length"] = context.Request.ContentLength?.ToString(CultureInfo.InvariantCulture) ?? "chunked";

            // Only then: the client reads nothing while it sends.
            var whole = new MemoryStream();
            await context.Request.Body.CopyToAsync(whole);
            await context.Response.Body.WriteAsync(whole.ToArray());
        };
        var bytes = RandomNumberGenerator.GetBytes(megabytes << 20);
        using var content = new StreamContent(new MemoryStream(bytes));
        content.Headers.ContentType = new("application/apply-patch+yaml");
        using var request = new HttpRequestMessage(HttpMethod.Patch, "/api/v1/namespaces/a/configmaps/b") { Content = content };
        if (isChunked && version == 1) request.Headers.TransferEncodingChunked = true;
        else if (isChunked) content.Headers.ContentLength = null;

        using var answer = await _world.Client(_world.Admit(), version).SendAsync(request);

        SHA256.HashData(await answer.Content.ReadAsByteArrayAsync()).Should().Equal(SHA256.HashData(bytes));
        _world.Upstream.Seen.Single().Headers["Content-Type"].Should().Be("application/apply-patch+yaml");
        if (version == 1) answer.Headers.GetValues("X-Length").Single().Should().Be(isChunked ? "chunked" : $"{bytes.Length}");
    }

    [Fact]
    public async Task A_compressed_body_stays_compressed()
    {
        using var zipped = new MemoryStream();
        await using (var gzip = new GZipStream(zipped, CompressionMode.Compress, leaveOpen: true)) await gzip.WriteAsync(new byte[100_000]);
        _world.Upstream.Handler = async context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            context.Response.ContentLength = zipped.Length;
            await context.Response.Body.WriteAsync(zipped.ToArray());
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api") { Headers = { { "Accept-Encoding", "gzip" } } };
        using var answer = await _world.Client(_world.Admit()).SendAsync(request);
        answer.Content.Headers.ContentEncoding.Should().Equal("gzip");
        (await answer.Content.ReadAsByteArrayAsync()).Should().Equal(zipped.ToArray());
        _world.Upstream.Seen.Single().Headers["Accept-Encoding"].Should().Be("gzip");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Answers_without_a_body_keep_their_headers(int version)
    {
        _world.Upstream.Handler = context =>
        {
            context.Response.Headers.ETag = "\"v1\"";
            if (HttpMethods.IsHead(context.Request.Method)) context.Response.ContentLength = 12345;
            else context.Response.StatusCode = context.Request.Path == "/none" ? 204 : 304;
            return Task.CompletedTask;
        };
        var client = _world.Client(_world.Admit(), version);
        using var head = await client.SendAsync(new(HttpMethod.Head, "/api"));
        head.Content.Headers.ContentLength.Should().Be(12345);
        using var none = await client.GetAsync("/none");
        none.StatusCode.Should().Be(HttpStatusCode.NoContent);
        using var unchanged = await client.GetAsync("/unchanged");
        unchanged.StatusCode.Should().Be(HttpStatusCode.NotModified);
        unchanged.Headers.ETag!.Tag.Should().Be("\"v1\"");
    }

    [Fact]
    public async Task A_redirect_and_a_cookie_are_passed_on_and_not_followed()
    {
        _world.Upstream.Handler = context =>
        {
            context.Response.Headers.SetCookie = "a=b";
            context.Response.Redirect("https://other.example/");
            return Task.CompletedTask;
        };
        var client = _world.Client(_world.Admit());
        for (var i = 0; i < 2; i++)
        {
            using var answer = await client.GetAsync("/x");
            answer.StatusCode.Should().Be(HttpStatusCode.Redirect);
            answer.Headers.Location!.ToString().Should().Be("https://other.example/");
            answer.Headers.GetValues("Set-Cookie").Should().Equal("a=b");
        }

        _world.Upstream.Seen.Should().HaveCount(2).And.OnlyContain(r => !r.Headers.ContainsKey("Cookie"));
    }

    [Fact]
    public async Task Trailers_of_the_answer_pass()
    {
        _world.Upstream.Handler = async context =>
        {
            await context.Response.WriteAsync("x");
            context.Response.AppendTrailer("Grpc-Status", "0");
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/x");
        request.Headers.TE.Add(new("trailers"));
        using var answer = await _world.Client(_world.Admit()).SendAsync(request);
        await answer.Content.ReadAsStringAsync();
        answer.TrailingHeaders.GetValues("Grpc-Status").Should().Equal("0");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Each_event_of_a_watch_arrives_before_the_next_one_is_sent(int version)
    {
        var next = new SemaphoreSlim(0);
        _world.Upstream.Handler = async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.StartAsync();
            await context.Response.Body.FlushAsync();
            for (var i = 0; i < 3; i++)
            {
                await next.WaitAsync();
                await context.Response.WriteAsync($"event {i}\n");
            }
        };
        using var answer = await _world.Client(_world.Admit(), version)
            .GetAsync("/api/v1/pods?watch=true", HttpCompletionOption.ResponseHeadersRead).Soon("the headers, before any event");
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        for (var i = 0; i < 3; i++)
        {
            next.Release();
            (await lines.ReadLineAsync().Soon($"event {i}")).Should().Be($"event {i}");
        }

        (await lines.ReadLineAsync().Soon("the end")).Should().BeNull();
    }

    [Fact]
    public async Task A_body_is_sent_on_while_it_comes()
    {
        var got = new TaskCompletionSource<string>();
        _world.Upstream.Handler = async context =>
        {
            var buffer = new byte[16];
            got.SetResult(Encoding.ASCII.GetString(buffer, 0, await context.Request.Body.ReadAsync(buffer)));
            while (await context.Request.Body.ReadAsync(buffer) > 0)
            {
            }
        };
        var pipe = new System.IO.Pipelines.Pipe();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/x") { Content = new FlushedContent(pipe.Reader.AsStream()) };
        var sending = _world.Client(_world.Admit()).SendAsync(request);
        await pipe.Writer.WriteAsync("first"u8.ToArray());
        (await got.Task.Soon("the first part")).Should().Be("first");
        await pipe.Writer.CompleteAsync();
        using var answer = await sending.Soon("the answer");
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_API_server_that_is_not_there_is_a_503_with_a_sentence()
    {
        var client = _world.Client(_world.Admit());
        (await client.GetAsync("/api")).StatusCode.Should().Be(HttpStatusCode.OK);
        await _world.Upstream.DisposeAsync();
        using var answer = await client.GetAsync("/api");
        (await answer.StatusAsync(HttpStatusCode.ServiceUnavailable)).Should().Contain("API server");
        answer.Headers.RetryAfter!.Delta.Should().Be(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task An_answer_that_is_broken_off_does_not_look_complete()
    {
        var go = new SemaphoreSlim(0);
        _world.Upstream.Handler = async context =>
        {
            await context.Response.WriteAsync("begun");
            await go.WaitAsync();
            context.Abort();
        };
        foreach (var version in (int[])[1, 2])
        {
            using var answer = await _world.Client(_world.Admit($"inc-{version}", $"grant-{version}"), version)
                .GetAsync("/x", HttpCompletionOption.ResponseHeadersRead);
            go.Release();
            await FluentActions.Awaiting(() => answer.Content.ReadAsStringAsync().Soon("the end")).Should().ThrowAsync<HttpRequestException>();
        }
    }

    [Fact]
    public async Task More_requests_of_one_grant_than_the_limit_get_429_and_other_grants_do_not()
    {
        await using var world = await GatewayWorld.StartAsync(GatewayWorld.Limits with { RequestsPerGrant = 2 });
        var release = new TaskCompletionSource();
        world.Upstream.Handler = context => context.Request.Path == "/wait" ? release.Task : Task.CompletedTask;
        var client = world.Client(world.Admit());
        var waiting = new[] { client.GetAsync("/wait"), client.GetAsync("/wait") };
        await world.OpenAsync(2);
        using var refused = await client.GetAsync("/x");
        await refused.StatusAsync(HttpStatusCode.TooManyRequests);
        using var other = await world.Client(world.Admit("inc-4712", "grant-2")).GetAsync("/x");
        other.StatusCode.Should().Be(HttpStatusCode.OK);
        release.SetResult();
        foreach (var answer in await Task.WhenAll(waiting)) answer.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_protocol_version_below_2_is_spoken_to_clients_that_ask_for_it()
    {
        await using var stream = await _world.ConnectAsync(_world.Admit());
        (await stream.ExchangeAsync("GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).Should().StartWith("HTTP/1.1 200");
        await using var h2 = await _world.ConnectAsync(_world.Admit(), "h2");
        h2.NegotiatedApplicationProtocol.ToString().Should().Be("h2");
    }

    /// <summary>A body whose parts leave as they come; HttpClient keeps a small one back until it has something else to send.</summary>
    private sealed class FlushedContent(Stream body) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            var buffer = new byte[1000];
            while (await body.ReadAsync(buffer, cancellationToken) is > 0 and var count)
            {
                await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                await stream.FlushAsync(cancellationToken);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = -1;
            return false;
        }
    }
}
