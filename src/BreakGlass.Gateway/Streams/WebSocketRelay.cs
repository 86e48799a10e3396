using System.Diagnostics.CodeAnalysis;
using System.Net.WebSockets;
using BreakGlass.Gateway.Admission;
using BreakGlass.Gateway.Cutting;
using BreakGlass.Gateway.Recording;

namespace BreakGlass.Gateway.Streams;

/// <summary>
/// Relays a WebSocket message by message, so that the gateway can say something of its own at the end. Whole messages, because servers of Kubernetes read a
/// fragment as a message.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Its semaphore never has a handle to let go of.")]
internal sealed class WebSocketRelay
{
    private const int BufferSize = 8 * 1024;

    /// <summary>How long one side may take to answer the other's Close.</summary>
    private static readonly TimeSpan CloseWithin = TimeSpan.FromSeconds(10);

    /// <summary>Keeps connections through load balancers alive.</summary>
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    private readonly WebSocket _client;
    private readonly WebSocket _server;
    private readonly Stream _serverStream;
    private readonly GatewayLimits _limits;
    private readonly MessageMemory _memory;
    private readonly StreamRecording? _recording;
    private readonly SemaphoreSlim _toClient = new(1);

    /// <param name="client">The client's side, after the handshake.</param>
    /// <param name="server">The API server's side, after the handshake.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="memory">The memory for large messages.</param>
    /// <param name="recording">Gets each message before it is passed on; null if nothing is recorded.</param>
    public WebSocketRelay(Stream client, Stream server, GatewayLimits limits, MessageMemory memory, StreamRecording? recording)
    {
        (_serverStream, _limits, _memory, _recording) = (server, limits, memory, recording);

        // Without the subprotocol, which .NET does not need here: it refuses that of kubectl port-forward, which has a slash.
        _client = WebSocket.CreateFromStream(client, new() { IsServer = true, KeepAliveInterval = KeepAlive });
        _server = WebSocket.CreateFromStream(server, new() { IsServer = false, KeepAliveInterval = Timeout.InfiniteTimeSpan });
    }

    /// <summary>Relays until both sides have closed, one is broken, or the stream is cut.</summary>
    /// <returns>
    /// Whether the client's connection ends after all that it was sent: both sides have closed, or the API server's side has ended without a Close, as it does
    /// for kubectl port-forward. Otherwise the caller breaks off the client.
    /// </returns>
    public async Task<bool> RunAsync(OpenRequest open, LastWordsPlaces places)
    {
        var cut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registered = open.Cut.UnsafeRegister(static s => ((TaskCompletionSource)s!).TrySetResult(), cut);
        using var over = new CancellationTokenSource();
        var up = PumpAsync(_client, _server, sending: null, open.Traffic.In, over.Token);
        var down = PumpAsync(_server, _client, _toClient, open.Traffic.Out, over.Token);
        try
        {
            var first = await Task.WhenAny(up, down, cut.Task);
            if (open.Why is null && down.IsCompletedSuccessfully && await down is PumpEnd.Ended)
            {
                // Nothing of the client's is read any more: its connection could not end while that is waited for.
                await over.CancelAsync();
                await up;
                return open.Why is null;
            }

            if (first is Task<PumpEnd> ended && await ended is PumpEnd.Closed)
            {
                using var limit = new CancellationTokenSource(CloseWithin, TimeProvider.System);
                await Task.WhenAny(Task.WhenAll(up, down), cut.Task, Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, limit.Token));
            }

            if (open.Why is not { } why)
                return up.IsCompletedSuccessfully && down.IsCompletedSuccessfully && await up is PumpEnd.Closed && await down is PumpEnd.Closed;
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
        using var limit = new CancellationTokenSource(_limits.LastWords, TimeProvider.System);
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

    /// <summary>Passes messages on until a Close was passed on, or one of the sides has ended.</summary>
    private async Task<PumpEnd> PumpAsync(WebSocket from, WebSocket to, SemaphoreSlim? sending, Action<int> count, CancellationToken over)
    {
        var isReading = false;
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

                    isReading = true;
                    received = await from.ReceiveAsync(buffer.AsMemory(length), over);
                    isReading = false;
                    length += received.Count;
                    if (length > _limits.MessageBytes) return await RefuseAsync(from, $"more than {_limits.MessageBytes} bytes");
                }
                while (!received.EndOfMessage && received.MessageType != WebSocketMessageType.Close);

                if (_recording is { } recording && received.MessageType != WebSocketMessageType.Close)
                {
                    var message = buffer.AsSpan(0, length);
                    if (!(from == _server ? recording.FromServer(message) : recording.FromClient(message))) return PumpEnd.Broken;
                }

                if (sending is not null) await sending.WaitAsync(over);
                try
                {
                    if (received.MessageType == WebSocketMessageType.Close)
                    {
                        var status = from.CloseStatus ?? WebSocketCloseStatus.Empty;
                        await to.CloseOutputAsync(
                            status, status == WebSocketCloseStatus.Empty ? null : from.CloseStatusDescription, CancellationToken.None);
                        return PumpEnd.Closed;
                    }

                    if (!KeepAlives.Is(buffer.AsSpan(0, length))) count(length);
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
            return isReading ? PumpEnd.Ended : PumpEnd.Broken;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _memory.Give(taken);
        }
    }

    private async Task<PumpEnd> RefuseAsync(WebSocket from, string why)
    {
        using var limit = new CancellationTokenSource(_limits.LastWords, TimeProvider.System);
        await from.CloseOutputAsync(WebSocketCloseStatus.MessageTooBig, $"breakglass: {why}", limit.Token);
        var rest = new byte[BufferSize];
        while ((await from.ReceiveAsync(rest, limit.Token)).MessageType != WebSocketMessageType.Close)
        {
            // What it had sent before it read that.
        }

        return PumpEnd.Broken;
    }

    private static byte[] Larger(byte[] buffer, int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(length * 2);
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}
