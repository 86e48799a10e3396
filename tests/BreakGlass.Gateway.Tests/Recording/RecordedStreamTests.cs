using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using BreakGlass.Core.Api;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Recording;

/// <summary>Streams through a gateway, of a grant whose streams are recorded.</summary>
public sealed class RecordedStreamTests : IAsyncLifetime
{
    private const string Exec = "/api/v1/namespaces/payments/pods/web/exec?command=sh&container=tools&stdin=true&stdout=true&tty=true";
    private const string V5 = "v5.channel.k8s.io";
    private const string Tunnel = "SPDY/3.1+portforward.k8s.io";
    private const string Last = "GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    private readonly ConcurrentQueue<(Uri Uri, byte[] Content)> _stored = new();
    private GatewayWorld _world = null!;

    private HttpStatusCode Answer { get; set; } = HttpStatusCode.OK;

    public async Task InitializeAsync()
    {
        _world = await GatewayWorld.StartAsync();
        _world.Gateway.ReportAsync = async (request, cancellationToken) =>
        {
            var content = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
            if (Answer == HttpStatusCode.OK) _stored.Enqueue((request.RequestUri!, content));
            return new(Answer);
        };
    }

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task What_is_displayed_is_recorded_and_why_it_was_cut()
    {
        Serve(V5, async socket =>
        {
            await socket.SendAsync(Message(1, "/ # "), WebSocketMessageType.Binary, true, CancellationToken.None);
            await ReceiveAsync(socket);
        });
        var socket = await _world.WebSocketAsync(Admit(), Exec, V5);
        Encoding.UTF8.GetString(await ReceiveAsync(socket)).Should().Be("\u0001/ # ");
        await _world.OpenAsync(1);

        _world.Revoke();
        await _world.OpenAsync(0);

        var part = await StoredAsync();
        (part.Uri.Of("grant"), part.Uri.Of("uid"), part.Uri.Of("part"), part.Uri.Of("last"), part.Uri.Of("request")).Should()
            .Be((GatewayWorld.Grant, "grant-1", "0", "true", "exec -n payments web -c tools -- sh"));
        var events = Cast.Events(Cast.Text([part.Content]));
        events.Select(e => e.Code).Should().Equal("o", "m");
        events[0].Data.Should().Be("/ # ");
        events[1].Data.Should().StartWith("ended: the grant inc-4711 ended").And.Contain("done");
    }

    [Fact]
    public async Task A_client_without_a_subprotocol_speaks_the_first_version_and_is_recorded()
    {
        _world.Upstream.Handler = async context =>
        {
            using var socket = await context.Features.Get<IHttpUpgradeFeature>()!.AcceptAsync(context, null);
            await socket.SendAsync(Message(1, "plain"), WebSocketMessageType.Binary, true, CancellationToken.None);
        };
        await using var client = await _world.ConnectAsync(Admit());
        await client.ExchangeAsync(WebSocketTo("exec", null));
        Cast.TextOf(Cast.Text([(await StoredAsync()).Content]), "o").Should().Be("plain");
    }

    [Fact]
    public async Task SPDY_is_refused_for_exec_and_passes_for_port_forward()
    {
        _world.Upstream.Handler = async context =>
        {
            context.Response.Headers.Upgrade = "SPDY/3.1";
            await using var stream = await context.Features.Get<IHttpUpgradeFeature>()!.UpgradeAsync();
            await stream.WriteAsync("bye"u8.ToArray());
        };
        var certificate = Admit();
        await using var exec = await _world.ConnectAsync(certificate);
        (await exec.ExchangeAsync(Spdy("exec"))).Should().StartWith("HTTP/1.1 400").And.Contain("kubectl 1.31");
        _world.Upstream.Seen.Should().BeEmpty();
        await using var forward = await _world.ConnectAsync(certificate);
        (await forward.ExchangeAsync(Spdy("portforward"))).Should().StartWith("HTTP/1.1 101").And.EndWith("bye");
        _stored.Should().BeEmpty();
    }

    [Theory]
    [InlineData("text/plain", "403 Forbidden", "HTTP/1.1 400", "Kubernetes 1.30 or later on the API server")]
    [InlineData("application/json", """{"kind":"Status","message":"no right to pods/exec","code":403}""", "HTTP/1.1 403", "no right to pods/exec")]
    public async Task When_kubectl_falls_back_to_SPDY_it_reads_what_the_API_server_lacks_or_said(string type, string body, string status, string sentence)
    {
        _world.Upstream.Handler = async context =>
        {
            (context.Response.StatusCode, context.Response.ContentType) = (403, type);
            await context.Response.WriteAsync(body);
        };
        var certificate = Admit();
        await using var first = await _world.ConnectAsync(certificate);
        (await first.ExchangeAsync(WebSocketTo("exec", V5) + Last))
            .Should().StartWith("HTTP/1.1 403").And.Contain(body, "the API server's answer passes");
        await using var second = await _world.ConnectAsync(certificate);
        (await second.ExchangeAsync(Spdy("exec") + Last)).Should().StartWith(status).And.Contain(sentence);
    }

    [Fact]
    public async Task A_subprotocol_that_cannot_be_read_is_refused_though_the_API_server_chose_it()
    {
        Serve(Tunnel, ReceiveAsync);
        await using var client = await _world.ConnectAsync(Admit());
        (await client.ExchangeAsync(WebSocketTo("exec", $"{V5}, {Tunnel}") + Last)).Should().StartWith("HTTP/1.1 400").And.Contain("subprotocol");
        _stored.Should().BeEmpty();
    }

    [Fact]
    public async Task A_port_forward_passes_through_the_subprotocol_of_kubectl()
    {
        _world.Upstream.Handler = async context =>
        {
            using var socket = await context.Features.Get<IHttpUpgradeFeature>()!.AcceptAsync(context, Tunnel);
            await socket.SendAsync("a frame of SPDY"u8.ToArray(), WebSocketMessageType.Binary, true, CancellationToken.None);
        };
        await using var client = await _world.ConnectAsync(Admit());
        (await client.ExchangeAsync(WebSocketTo("portforward", Tunnel))).Should().StartWith("HTTP/1.1 101").And.EndWith("a frame of SPDY");
        _stored.Should().BeEmpty();
    }

    [Fact]
    public async Task Where_the_policy_requires_it_a_stream_that_cannot_be_recorded_is_closed_with_a_sentence()
    {
        Answer = HttpStatusCode.ServiceUnavailable;
        Serve(V5, async socket =>
        {
            var flood = Message(1, new string('x', 100_000));
            while (true) await socket.SendAsync(flood, WebSocketMessageType.Binary, true, CancellationToken.None);
        });
        var socket = await _world.WebSocketAsync(Admit(RecordingFailureHandling.End), Exec, V5);
        var said = "";
        while (socket.State == WebSocketState.Open) said = Encoding.UTF8.GetString(await ReceiveAsync(socket)) is { Length: > 0 } text ? text : said;
        said.Should().Contain("the gateway cannot record the session");
        socket.CloseStatusDescription.Should().Contain("cannot record");
        await _world.OpenAsync(0);
    }

    [Fact]
    public async Task A_stream_that_goes_on_though_the_operator_does_not_take_its_recording_is_in_the_gauge_until_it_ends()
    {
        Answer = HttpStatusCode.BadRequest;
        Serve(V5, async socket =>
        {
            await socket.SendAsync(Message(1, "not stored"), WebSocketMessageType.Binary, true, CancellationToken.None);
            await ReceiveAsync(socket);
        });
        var socket = await _world.WebSocketAsync(Admit(), Exec, V5);
        await ReceiveAsync(socket);
        await _world.StepUntilAsync(
            TimeSpan.FromSeconds(10), () => Task.FromResult(_world.Log.Lines.Any(l => l.Contains("cannot be stored", StringComparison.Ordinal))),
            "a recording that is refused");
        _world.Metrics.IsRecordingFailing().Should().BeTrue();
        socket.State.Should().Be(WebSocketState.Open);

        socket.Abort();
        await _world.OpenAsync(0);
        await _world.UntilAsync(() => !_world.Metrics.IsRecordingFailing(), "a gauge at 0");
    }

    [Fact]
    public async Task A_gateway_that_stops_has_stored_what_was_displayed_in_the_streams_that_it_breaks_off()
    {
        Serve(V5, async socket =>
        {
            await socket.SendAsync(Message(1, "the last words"), WebSocketMessageType.Binary, true, CancellationToken.None);
            await ReceiveAsync(socket);
        });
        var socket = await _world.WebSocketAsync(Admit(), Exec, V5);
        await ReceiveAsync(socket);

        await _world.Gateway.StopAsync(new CancellationToken(canceled: true));

        _stored.Should().ContainSingle();
        var (uri, content) = await StoredAsync();
        uri.Of("last").Should().Be("true");
        Cast.TextOf(Cast.Text([content]), "o").Should().Be("the last words");
    }

    [Fact]
    public async Task Streams_of_other_grants_are_not_recorded()
    {
        Serve(V5, async socket =>
        {
            await socket.SendAsync(Message(1, "x"), WebSocketMessageType.Binary, true, CancellationToken.None);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
        });
        var socket = await _world.WebSocketAsync(
            _world.Admit(status: s => s with { Recording = new() { Record = RecordingMode.Requests } }), Exec, V5);
        await ReceiveAsync(socket);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
        await _world.OpenAsync(0);
        _stored.Should().BeEmpty();
    }

    private System.Security.Cryptography.X509Certificates.X509Certificate2 Admit(RecordingFailureHandling onFailure = RecordingFailureHandling.Continue) =>
        _world.Admit(status: s => s with { Recording = new() { Record = RecordingMode.Streams, OnFailure = onFailure } });

    private async Task<(Uri Uri, byte[] Content)> StoredAsync()
    {
        using var limit = new CancellationTokenSource(Eventually.Limit, TimeProvider.System);
        (Uri, byte[]) part;
        while (!_stored.TryDequeue(out part)) await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, limit.Token);
        return part;
    }

    private void Serve(string protocol, Func<WebSocket, Task> serve) => _world.Upstream.Handler = async context =>
    {
        using var socket = await context.Features.Get<IHttpUpgradeFeature>()!.AcceptAsync(context, protocol);
        try
        {
            await serve(socket);
        }
        catch (Exception e) when (e is WebSocketException or IOException)
        {
            // The gateway broke it off.
        }
    };

    private static byte[] Message(byte channel, string text) => [channel, .. Encoding.UTF8.GetBytes(text)];

    private static string WebSocketTo(string what, string? protocols) => $"GET {Exec.Replace("/exec", $"/{what}", StringComparison.Ordinal)} HTTP/1.1\r\n"
        + "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
        + $"{(protocols is null ? "" : $"Sec-WebSocket-Protocol: {protocols}\r\n")}\r\n";

    private static string Spdy(string what) => $"POST {Exec.Replace("/exec", $"/{what}", StringComparison.Ordinal)} HTTP/1.1\r\nHost: localhost\r\n"
        + "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\nContent-Length: 0\r\n\r\n";

    private static async Task<byte[]> ReceiveAsync(WebSocket socket)
    {
        var bytes = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var result = await socket.ReceiveAsync(buffer, CancellationToken.None).Soon("a message");
            bytes.Write(buffer, 0, result.Count);
            if (result.EndOfMessage) return bytes.ToArray();
        }
    }
}
