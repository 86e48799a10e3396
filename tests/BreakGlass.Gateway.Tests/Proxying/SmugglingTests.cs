using FluentAssertions;
using Microsoft.AspNetCore.Http;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Proxying;

/// <summary>Requests that no client sends. None of them reaches the API server as another request than the one that the gateway judged.</summary>
public sealed class SmugglingTests : IAsyncLifetime
{
    private const string Smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    private GatewayWorld _world = null!;

    public async Task InitializeAsync() => _world = await GatewayWorld.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    public static TheoryData<string, string> Framings => new()
    {
        { "CL.TE", "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + Smuggled },
        { "TE.CL", "POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n" + Smuggled },
        { "two lengths", "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 90\r\n\r\n" + Smuggled },
        { "two lengths in one", "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0, 90\r\n\r\n" + Smuggled },
        { "encoding with junk", "POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + Smuggled },
        { "encoding twice", "POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + Smuggled },
        { "folded header", "GET /x HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n Transfer-Encoding: chunked\r\n\r\n" + Smuggled },
        { "space before the colon", "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length : 90\r\n\r\n" + Smuggled },
        { "NUL in a header", "GET /x HTTP/1.1\r\nHost: localhost\r\nX-A: b\0c\r\n\r\n" + Smuggled },
        { "NUL in the target", "GET /x\0 HTTP/1.1\r\nHost: localhost\r\n\r\n" + Smuggled },
        { "bad chunk", "POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n" + Smuggled },
        { "absolute form", "GET https://other.example/x HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n" },
        { "CONNECT", "CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\nConnection: close\r\n\r\n" },
        { "asterisk", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" },
        { "dots", "GET /api/../metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" },
        { "encoded dots", "GET /api/%2e%2e/metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" },
        { "encoded slash", "GET /api%2fv1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" },
        { "another protocol", "GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" },
        { "a WebSocket without a key", "GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n" },
        { "no host", "GET /x HTTP/1.1\r\n\r\n" + Smuggled },
    };

    [Theory]
    [MemberData(nameof(Framings))]
    public async Task It_is_refused_and_what_follows_is_no_request(string what, string request)
    {
        _world.Upstream.Handler = context => context.Request.Body.CopyToAsync(Stream.Null);
        await using var stream = await _world.ConnectAsync(_world.Admit());
        var answer = await stream.ExchangeAsync(request);
        answer.Should().MatchRegex("^HTTP/1.1 (400|501)", what);
        answer.Split('\n').Where(line => line.StartsWith("HTTP/1.1 ", StringComparison.Ordinal)).Should().ContainSingle("there is one answer");
        _world.Upstream.Seen.Should().NotContain(r => r.Target != "/x");
        if (what != "bad chunk") _world.Upstream.Seen.Should().BeEmpty();
    }

    [Fact]
    public async Task A_request_with_bare_line_feeds_is_refused_or_is_the_one_request_that_it_looks_like()
    {
        await using var stream = await _world.ConnectAsync(_world.Admit());
        var answer = await stream.ExchangeAsync("GET /x HTTP/1.1\nHost: localhost\nX-A: b\nConnection: close\n\n");
        answer.Should().MatchRegex("^HTTP/1.1 (400|200)");
        _world.Upstream.Seen.Should().OnlyContain(r => r.Target == "/x" && r.Headers.Count < 12);
    }

    [Fact]
    public async Task Two_Authorization_headers_are_dropped_both()
    {
        await using var stream = await _world.ConnectAsync(_world.Admit());
        await stream.ExchangeAsync(
            "GET /x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer one\r\nAuthorization: Bearer two\r\nConnection: close, Authorization\r\n\r\n");
        _world.Upstream.Seen.Single().Headers["Authorization"].Should().NotContain("one").And.NotContain("two").And.StartWith("Bearer ");
    }

    [Fact]
    public async Task A_megabyte_of_headers_gets_431()
    {
        await using var stream = await _world.ConnectAsync(_world.Admit());
        var lines = string.Concat(Enumerable.Range(0, 64).Select(i => $"X-{i}: {new string('a', 16_000)}\r\n"));
        var answer = await stream.ExchangeAsync($"GET /x HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n");
        if (answer.Length > 0) answer.Should().StartWith("HTTP/1.1 431");
        _world.Upstream.Seen.Should().BeEmpty();
    }

    [Fact]
    public async Task A_header_of_Latin_letters_stays_as_it_is()
    {
        await using var stream = await _world.ConnectAsync(_world.Admit());
        await stream.ExchangeAsync("GET /x HTTP/1.1\r\nHost: localhost\r\nX-Name: caf\u00E9\r\nConnection: close\r\n\r\n");
        _world.Upstream.Seen.Single().Headers["X-Name"].Should().Be("caf\u00E9");
    }

    [Fact]
    public async Task A_pipelined_second_request_is_judged_for_itself()
    {
        var certificate = _world.Admit();
        _world.Upstream.Handler = context =>
        {
            _world.Revoke();
            return context.Response.WriteAsync("ok");
        };
        await using var stream = await _world.ConnectAsync(certificate);
        await stream.ExchangeAsync("GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n" + Smuggled).Soon("the end of the connection");
        _world.Upstream.Seen.Select(r => r.Target).Should().StartWith("/x");
    }
}
