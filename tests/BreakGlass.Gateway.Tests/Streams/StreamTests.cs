using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Streams;

public sealed class StreamTests : IAsyncLifetime
{
    private const string Exec = "/api/v1/namespaces/payments/pods/web/exec?command=sh&stdout=true&stderr=true";
    private const string Terminal = "/api/v1/namespaces/payments/pods/web/exec?command=sh&stdin=true&stdout=true&tty=true";
    private const string V5 = "v5.channel.k8s.io";

    private static readonly TimeSpan s_soon = Eventually.Limit;

    private GatewayWorld _world = null!;

    public async Task InitializeAsync() => _world = await GatewayWorld.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Messages_pass_both_ways_whole_and_the_API_server_chooses_the_subprotocol()
    {
        Serve("v4.channel.k8s.io", EchoAsync);
        var socket = await _world.WebSocketAsync(_world.Admit(), Exec, V5, "v4.channel.k8s.io");
        socket.SubProtocol.Should().Be("v4.channel.k8s.io");
        foreach (var size in (int[])[0, 1, 100, 8 * 1024, 32 * 1024 + 1, 1 << 20])
        {
            var sent = RandomNumberGenerator.GetBytes(size);
            await socket.SendAsync(sent, WebSocketMessageType.Binary, true, CancellationToken.None);
            var (bytes, result) = await ReceiveAsync(socket);
            bytes.Should().Equal(sent);
            result.MessageType.Should().Be(WebSocketMessageType.Binary);
        }

        await socket.SendAsync("text"u8.ToArray(), WebSocketMessageType.Text, true, CancellationToken.None);
        (await ReceiveAsync(socket)).Result.MessageType.Should().Be(WebSocketMessageType.Text);
        await socket.CloseAsync((WebSocketCloseStatus)4321, "bye", CancellationToken.None).Soon("the end", s_soon);
        socket.CloseStatus.Should().Be((WebSocketCloseStatus)4321);
        socket.CloseStatusDescription.Should().Be("bye");
        var seen = _world.Upstream.Seen.Single();
        seen.Headers["Sec-WebSocket-Protocol"].Should().Be($"{V5}, v4.channel.k8s.io");
        seen.Headers.Should().NotContainKey("Sec-WebSocket-Extensions");
        seen.Headers["Authorization"].Should().StartWith("Bearer ");
        await ClosedAsync();
    }

    [Fact]
    public async Task What_the_server_says_after_the_clients_close_still_arrives()
    {
        Serve(V5, async socket =>
        {
            await ReceiveAsync(socket);
            await socket.SendAsync("late"u8.ToArray(), WebSocketMessageType.Binary, true, CancellationToken.None);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "done", CancellationToken.None);
        });
        var client = await _world.WebSocketAsync(_world.Admit(), Exec, V5);
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        Encoding.ASCII.GetString((await ReceiveAsync(client)).Bytes).Should().Be("late");
        (await ReceiveAsync(client)).Result.MessageType.Should().Be(WebSocketMessageType.Close);
        client.CloseStatusDescription.Should().Be("done");
        await ClosedAsync();
    }

    [Fact]
    public async Task A_server_that_breaks_off_is_an_error_for_the_client()
    {
        _world.Upstream.Handler = async context =>
        {
            using var socket = await context.Features.Get<IHttpUpgradeFeature>()!.AcceptAsync(context, V5);
            await ReceiveAsync(socket);
            context.Abort();
        };
        var client = await _world.WebSocketAsync(_world.Admit(), Exec, V5);
        await client.SendAsync("x"u8.ToArray(), WebSocketMessageType.Binary, true, CancellationToken.None);
        await FluentActions.Awaiting(() => ReceiveAsync(client)).Should().ThrowAsync<WebSocketException>();
        await ClosedAsync();
    }

    [Fact]
    public async Task An_answer_other_than_101_passes()
    {
        _world.Upstream.Handler = async context =>
        {
            context.Response.StatusCode = 403;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"message\":\"pods is forbidden\",\"code\":403}");
        };
        await using var stream = await _world.ConnectAsync(_world.Admit());
        (await stream.ExchangeAsync(
            $"GET {Exec} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n" + "GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
            .Should().StartWith("HTTP/1.1 403").And.Contain("pods is forbidden");
    }

    [Fact]
    public async Task Someone_in_a_shell_reads_a_last_line_and_kubectl_gets_a_Status_and_a_close_with_the_reason()
    {
        Serve(V5, HangAsync);
        var socket = await _world.WebSocketAsync(_world.Admit(), Exec, V5);
        await OpenAsync();

        _world.Revoke();

        var (line, _) = await ReceiveAsync(socket);
        line[0].Should().Be(2);
        Encoding.UTF8.GetString(line.AsSpan(1)).Should().StartWith("\r\nbreakglass: the grant inc-4711 ended").And.EndWith("\r\n").And.Contain("done");
        var (status, _) = await ReceiveAsync(socket);
        status[0].Should().Be(3);
        Encoding.UTF8.GetString(status.AsSpan(1)).Should().Contain("\"Failure\"").And.Contain("kubectl breakglass request");
        (await ReceiveAsync(socket)).Result.MessageType.Should().Be(WebSocketMessageType.Close);
        socket.CloseStatus.Should().Be(WebSocketCloseStatus.PolicyViolation);
        socket.CloseStatusDescription.Should().StartWith("breakglass: the grant inc-4711 ended");
        await ClosedAsync();
    }

    [Fact]
    public async Task In_a_terminal_the_last_line_is_on_its_only_output()
    {
        Serve(V5, HangAsync);
        var socket = await _world.WebSocketAsync(_world.Admit(), Terminal, V5);
        await OpenAsync();
        _world.Revoke();
        (await ReceiveAsync(socket)).Bytes[0].Should().Be(1);
    }

    [Fact]
    public async Task A_client_that_ignores_the_close_and_one_that_does_not_read_are_broken_off()
    {
        await using var world = await GatewayWorld.StartAsync(GatewayWorld.Limits with { LastWords = new GatewayLimits().LastWords });
        Serve(world, V5, async socket =>
        {
            var flood = new byte[64 * 1024];
            while (true) await socket.SendAsync(flood, WebSocketMessageType.Binary, true, CancellationToken.None);
        });
        await world.WebSocketAsync(world.Admit(), Exec, V5);
        await world.OpenAsync(1);
        world.Revoke();
        await world.OpenAsync(0);

        Serve(world, V5, HangAsync);
        var client = await world.WebSocketAsync(world.Admit("inc-4712", "grant-2"), Exec, V5);
        await world.OpenAsync(1);
        world.Revoke("inc-4712");
        await world.OpenAsync(0);
        client.State.Should().Be(WebSocketState.Open, "it has read nothing");
    }

    [Fact]
    public async Task What_the_server_sent_before_it_broke_off_arrives()
    {
        var sent = RandomNumberGenerator.GetBytes(48 * 1024); // all of it fits into the buffers of a connection
        Serve(V5, async socket =>
        {
            await ReceiveAsync(socket);
            await socket.SendAsync(sent, WebSocketMessageType.Binary, true, CancellationToken.None);
        });
        var client = await _world.WebSocketAsync(_world.Admit(), Exec, V5);
        await client.SendAsync("x"u8.ToArray(), WebSocketMessageType.Binary, true, CancellationToken.None);
        await ClosedAsync();
        (await ReceiveAsync(client)).Bytes.Should().Equal(sent);
        await FluentActions.Awaiting(() => ReceiveAsync(client)).Should().ThrowAsync<WebSocketException>("the server did not close it either");
    }

    [Fact]
    public async Task A_message_that_is_too_large_ends_the_stream()
    {
        await using var world = await GatewayWorld.StartAsync(GatewayWorld.Limits with { MessageBytes = 1000 });
        Serve(world, V5, HangAsync);
        var socket = await world.WebSocketAsync(world.Admit(), Exec, V5);
        await socket.SendAsync(new byte[10_000], WebSocketMessageType.Binary, true, CancellationToken.None);
        (await ReceiveAsync(socket)).Result.MessageType.Should().Be(WebSocketMessageType.Close);
        socket.CloseStatus.Should().Be(WebSocketCloseStatus.MessageTooBig);
    }

    [Fact]
    public async Task SPDY_is_relayed_as_bytes_and_broken_off_at_the_end()
    {
        _world.Upstream.Handler = async context =>
        {
            context.Response.Headers.Upgrade = "SPDY/3.1";
            context.Response.Headers["X-Stream-Protocol-Version"] = "v4.channel.k8s.io";
            await using var stream = await context.Features.Get<IHttpUpgradeFeature>()!.UpgradeAsync();
            await stream.CopyToAsync(stream).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        };
        await using var client = await _world.ConnectAsync(_world.Admit());
        await client.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {Exec} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n"
            + "Content-Length: 0\r\n\r\n"));
        var head = await ReadUntilAsync(client, "\r\n\r\n");
        head.Should().StartWith("HTTP/1.1 101").And.Contain("Upgrade: SPDY/3.1").And.Contain("X-Stream-Protocol-Version: v4.channel.k8s.io");
        var sent = RandomNumberGenerator.GetBytes(1 << 20);
        var writing = client.WriteAsync(sent).AsTask();
        var received = new byte[sent.Length];
        await client.ReadExactlyAsync(received).AsTask().Soon("the echo", s_soon);
        await writing;
        received.Should().Equal(sent);
        _world.Upstream.Seen.Single().Headers["X-Stream-Protocol-Version"].Should().Be("v4.channel.k8s.io");

        _world.Revoke();

        await client.ExchangeAsync("").Soon("the end of the connection", s_soon);
        await ClosedAsync();
    }

    [Fact]
    public async Task When_one_side_of_a_SPDY_stream_ends_the_other_ends_too()
    {
        _world.Upstream.Handler = async context =>
        {
            context.Response.Headers.Upgrade = "SPDY/3.1";
            await using var stream = await context.Features.Get<IHttpUpgradeFeature>()!.UpgradeAsync();
            await stream.WriteAsync("bye"u8.ToArray());
        };
        await using var client = await _world.ConnectAsync(_world.Admit());
        (await client.ExchangeAsync($"POST {Exec} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0\r\n\r\n"))
            .Should().EndWith("bye");
        await ClosedAsync();
    }

    private void Serve(string protocol, Func<WebSocket, Task> serve) => Serve(_world, protocol, serve);

    private static void Serve(GatewayWorld world, string protocol, Func<WebSocket, Task> serve) => world.Upstream.Handler = async context =>
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

    private static async Task EchoAsync(WebSocket socket)
    {
        while (true)
        {
            var (bytes, result) = await ReceiveAsync(socket);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(socket.CloseStatus!.Value, socket.CloseStatusDescription, CancellationToken.None);
                return;
            }

            await socket.SendAsync(bytes, result.MessageType, true, CancellationToken.None);
        }
    }

    private static async Task HangAsync(WebSocket socket) => await ReceiveAsync(socket);

    private static async Task<(byte[] Bytes, WebSocketReceiveResult Result)> ReceiveAsync(WebSocket socket)
    {
        var bytes = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var result = await socket.ReceiveAsync(buffer, CancellationToken.None).Soon("a message", s_soon);
            bytes.Write(buffer, 0, result.Count);
            if (result.EndOfMessage) return (bytes.ToArray(), result);
        }
    }

    private static async Task<string> ReadUntilAsync(Stream stream, string end)
    {
        var text = new StringBuilder();
        var one = new byte[1];
        while (!text.ToString().EndsWith(end, StringComparison.Ordinal) && await stream.ReadAsync(one) > 0) text.Append((char)one[0]);
        return text.ToString();
    }

    private Task OpenAsync() => _world.OpenAsync(1);

    private Task ClosedAsync() => _world.OpenAsync(0);
}
