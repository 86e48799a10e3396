using System.Net.WebSockets;
using System.Text;

namespace Benchmarks.Gateway;

/// <summary>A watch or an exec that is open through the gateway, each on a connection of its own, as kubectl opens them.</summary>
internal sealed class OpenStream
{
    private const string Watched = $"/api/v1/namespaces/{BenchmarkCluster.Namespace}/configmaps"
        + $"?watch=true&fieldSelector=metadata.name%3D{GatewayRun.SmallName}";

    private const string Executed = $"/api/v1/namespaces/{BenchmarkCluster.Namespace}/pods/{GatewayRun.PodName}/exec"
        + $"?container={GatewayRun.ContainerName}&command=cat&stdin=true&stdout=true";

    private OpenStream(string grant, bool isExec, Task<(Closing At, string Last)> closed) => (Grant, IsExec, Closed) = (grant, isExec, closed);

    /// <summary>The grant that it belongs to.</summary>
    public string Grant { get; }

    /// <summary>An exec; otherwise a watch.</summary>
    public bool IsExec { get; }

    /// <summary>When it was closed, and the last text that came.</summary>
    public Task<(Closing At, string Last)> Closed { get; }

    /// <summary>Opens a watch and waits for its first event.</summary>
    public static async Task<OpenStream> WatchAsync(GrantHolder holder, CancellationToken cancellationToken)
    {
        var http = holder.Through();
        try
        {
            using var asked = new HttpRequestMessage(HttpMethod.Get, Watched) { Version = new(2, 0), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            var answer = await http.SendAsync(asked, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            answer.EnsureSuccessStatusCode();
            var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
            var buffer = new byte[4096];
            if (await body.ReadAsync(buffer, cancellationToken) == 0) throw new InvalidOperationException("a watch was expected to begin with an event.");
            return new(holder.Grant, isExec: false, ReadAsync(http, async () => await body.ReadAsync(buffer), buffer));
        }
        catch
        {
            http.Dispose();
            throw;
        }
    }

    /// <summary>Opens an exec and waits until the command runs.</summary>
    public static async Task<OpenStream> ExecAsync(GrantHolder holder, CancellationToken cancellationToken)
    {
        var invoker = holder.Invoker();
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("v4.channel.k8s.io");
        try
        {
            await socket.ConnectAsync(new($"wss://{holder.Gateway.Authority}{Executed}"), invoker, cancellationToken);
            var buffer = new byte[4096];

            // The first message, which is empty, says that the kubelet has accepted it; an echo says that the command runs.
            await socket.SendAsync(new byte[] { 0, (byte)'a', (byte)'\n' }, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
            ValueWebSocketReceiveResult part;
            do
            {
                part = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
                if (part.MessageType == WebSocketMessageType.Close)
                    throw new InvalidOperationException($"an exec ended at once: {socket.CloseStatusDescription}");
            }
            while (part.Count <= 1);
            return new(holder.Grant, isExec: true, ReadAsync(
                new Both(socket, invoker),
                async () => await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None) is { MessageType: not WebSocketMessageType.Close } more
                    ? more.Count : 0, buffer));
        }
        catch
        {
            socket.Dispose();
            invoker.Dispose();
            throw;
        }
    }

    private static async Task<(Closing At, string Last)> ReadAsync(IDisposable connection, Func<Task<int>> read, byte[] buffer)
    {
        using (connection)
        {
            var last = "";
            try
            {
                while (await read() is > 0 and var length) last = Encoding.UTF8.GetString(buffer, 0, length);
            }
            catch (Exception e) when (e is WebSocketException or HttpRequestException or IOException)
            {
                // Broken off: closed as well.
            }

            return (Closing.Now, last);
        }
    }

    private sealed record Both(IDisposable First, IDisposable Second) : IDisposable
    {
        public void Dispose()
        {
            First.Dispose();
            Second.Dispose();
        }
    }
}
