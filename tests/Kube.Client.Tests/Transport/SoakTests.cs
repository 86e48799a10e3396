using System.Net.Sockets;
using FluentAssertions;
using k8s.Models;
using Xunit;

namespace Kube.Client.Tests;

/// <summary>The heap is the whole process's: nothing else may run meanwhile.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public class Alone;

[Collection("alone")]
public class SoakTests
{
    [Fact]
    public async Task Two_thousand_reconnects_leave_nothing_on_the_heap()
    {
        const string Event = """{"type":"ADDED","object":{"metadata":{"name":"a"}}}""" + "\n";
        var chunk = $"{Event.Length:x}\r\n{Event}\r\n";
        var count = 0;
        await using var server = new RawServer(async (_, stream, socket) =>
        {
            // Each way a watch ends: the server's close, a break, an ERROR, a refusal; and each costs its connection.
            var body = (++count % 4) switch
            {
                0 => $"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}0\r\n\r\n",
                1 => $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}",
                2 => "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"type\":\"ERROR\",\"object\":{\"code\":410,\"reason\":\"Expired\"}}\n",
                _ => "HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            };
            await RawServer.SendAsync(stream, body);
            socket.Shutdown(SocketShutdown.Both);
        });
        using var client = server.NewClient();
        using var lifetime = new CancellationTokenSource(); // long-lived, as an operator's: what hangs on to it leaks

        await ReconnectAsync(client, 500, lifetime.Token);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await ReconnectAsync(client, 2000, lifetime.Token);
        var after = GC.GetTotalMemory(forceFullCollection: true);

        // 400 KB are 200 bytes a reconnect: less than any one of the objects that a reconnect makes and could leave behind.
        (after - before).Should().BeLessThan(400 * 1024);
    }

    private static async Task ReconnectAsync(KubeClient client, int times, CancellationToken cancellationToken)
    {
        for (var i = 0; i < times; i++)
        {
            try
            {
                await Within.ListAsync(client.WatchAsync<V1Namespace>(new() { Timeout = TimeSpan.FromMinutes(5) }, cancellationToken), "the end of a watch");
            }
            catch (Exception e) when (e is KubeApiException or KubeConnectionException)
            {
                // three of the four ends
            }
        }
    }
}
