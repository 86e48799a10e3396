using System.Diagnostics.CodeAnalysis;
using System.Net.WebSockets;
using BreakGlass.Gateway.Admission;
using BreakGlass.Gateway.Cutting;

namespace BreakGlass.Gateway.Streams;

/// <summary>
/// Relays a WebSocket message by message, so that the gateway can say something of its own at the end. Whole messages, because servers of Kubernetes read a
/// fragment as a message.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Its semaphore never has a handle to let go of.")]
internal sealed class WebSocketRelay
{
    private const int BufferSize = 8 * 1024;

    /// <summary>How long a client may take to accept the last words, in real time. Then it is broken off.</summary>
    private static readonly TimeSpan LastWordsWithin = TimeSpan.FromMilliseconds(250);

    /// <summary>How long one side may take to answer the other's Close.</summary>
    private static readonly TimeSpan CloseWithin = TimeSpan.FromSeconds(10);

    /// <summary>Keeps connections through load balancers alive.</summary>
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    private readonly WebSocket _client;
    private readonly WebSocket _server;
    private readonly Stream _serverStream;
    private readonly int _mostBytes;
    private readonly MessageMemory _memory;
    private readonly SemaphoreSlim _toClient = new(1);

    /// <param name="client">The client's side, after the handshake.</param>
    /// <param name="server">The API server's side, after the handshake.</param>
    /// <param name="protocol">The subprotocol.</param>
    /// <param name="mostBytes">The size of a message.</param>
    /// <param name="memory">The memory for large messages.</param>
    public WebSocketRelay(Stream client, Stream server, string? protocol, int mostBytes, MessageMemory memory)
    {
        (_serverStream, _mostBytes, _memory) = (server, mostBytes, memory);
        _client = WebSocket.CreateFromStream(client, new() { IsServer = true, SubProtocol = protocol, KeepAliveInterval = KeepAlive });
        _server = WebSocket.CreateFromStream(server, new() { IsServer = false, SubProtocol = protocol, KeepAliveInterval = Timeout.InfiniteTimeSpan });
    }

    /// <summary>Relays until both sides have closed, one is broken, or the stream is cut.</summary>
    /// <returns>Whether both sides have closed; otherwise the caller breaks off the client.</returns>
    public async Task<bool> RunAsync(OpenRequest open, LastWordsPlaces places)
    {
        var cut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registered = open.Cut.UnsafeRegister(static s => ((TaskCompletionSource)s!).TrySetResult(), cut);
        var up = PumpAsync(_client, _server, sending: null);
        var down = PumpAsync(_server, _client, _toClient);
        try
        {
            var first = await Task.WhenAny(up, down, cut.Task);
            if (first is Task<bool> ended && await ended)
            {
                using var limit = new CancellationTokenSource(CloseWithin, TimeProvider.System);
                await Task.WhenAny(Task.WhenAll(up, down), cut.Task, Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, limit.Token));
            }

            if (open.Why is not { } why) return up.IsCompletedSuccessfully && down.IsCompletedSuccessfully && await up && await down;
            if (!(up.IsCompleted && down.IsCompleted)) await SayAsync(why, places, up);
            return false;
        }
        finally
        {
            // What still waits on either side ends with it.
            await _serverStream.DisposeAsync();
            _server.Dispose();
            _client.Dispose();
        }
    }

    private async Task SayAsync(Refusal why, LastWordsPlaces places, Task up)
    {
        using var limit = new CancellationTokenSource(LastWordsWithin, TimeProvider.System);
        try
        {
            // Nothing of the API server comes after the last words.
            await _serverStream.DisposeAsync();
            await _toClient.WaitAsync(limit.Token);
            foreach (var message in LastWords.Messages(places, why))
                await _client.SendAsync(message, LastWords.TypeOf(places), endOfMessage: true, limit.Token);
            await _client.CloseOutputAsync(WebSocketCloseStatus.PolicyViolation, LastWords.CloseReason(why), limit.Token);
            await up.WaitAsync(limit.Token);
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The client does not read, or is gone.
        }
    }

    /// <summary>Passes messages on until a Close was passed on.</summary>
    /// <returns>Whether it was; false if one of the sides broke.</returns>
    private async Task<bool> PumpAsync(WebSocket from, WebSocket to, SemaphoreSlim? sending)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        var taken = 0;
        try
        {
            while (true)
            {
                if (taken > 0)
                {
                    // The large buffer is not kept for the small messages that usually follow.
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
                    _memory.Give(taken);
                    taken = 0;
                }

                var length = 0;
                ValueWebSocketReceiveResult received;
                do
                {
                    if (length == buffer.Length)
                    {
                        if (!_memory.TryTake(length)) return await RefuseAsync(from, "too many large messages at the same time");
                        taken += length;
                        buffer = Larger(buffer, length);
                    }

                    received = await from.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                    length += received.Count;
                    if (length > _mostBytes) return await RefuseAsync(from, $"more than {_mostBytes} bytes");
                }
                while (!received.EndOfMessage && received.MessageType != WebSocketMessageType.Close);

                if (sending is not null) await sending.WaitAsync();
                try
                {
                    if (received.MessageType == WebSocketMessageType.Close)
                    {
                        var status = from.CloseStatus ?? WebSocketCloseStatus.Empty;
                        await to.CloseOutputAsync(
                            status, status == WebSocketCloseStatus.Empty ? null : from.CloseStatusDescription, CancellationToken.None);
                        return true;
                    }

                    await to.SendAsync(buffer.AsMemory(0, length), received.MessageType, endOfMessage: true, CancellationToken.None);
                }
                finally
                {
                    sending?.Release();
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException
            or ArgumentException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _memory.Give(taken);
        }
    }

    private static async Task<bool> RefuseAsync(WebSocket from, string why)
    {
        await from.CloseOutputAsync(WebSocketCloseStatus.MessageTooBig, $"breakglass: {why}", CancellationToken.None);
        await Task.Delay(LastWordsWithin, TimeProvider.System, CancellationToken.None);
        return false;
    }

    private static byte[] Larger(byte[] buffer, int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(length * 2);
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}
