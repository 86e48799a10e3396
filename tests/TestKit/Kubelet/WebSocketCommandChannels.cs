using System.Buffers;
using System.IO.Pipelines;
using System.Net.WebSockets;

namespace TestKit.Kubelet;

/// <summary>Exec and attach over WebSocket: the first byte of each message says which channel it belongs to.</summary>
internal sealed class WebSocketCommandChannels : CommandChannels, IDisposable
{
    private const byte InputChannel = 0;
    private const byte OutputChannel = 1;
    private const byte ErrorChannel = 2;
    private const byte StatusChannel = 3;
    private const byte SizeChannel = 4;
    private const byte CloseSignal = 255; // since v5; the next byte names the channel that ends

    private readonly WebSocket _socket;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Pipe? _input;

    /// <summary>Takes a connection that was accepted.</summary>
    /// <param name="version">The version of the protocol; below 4 there is no status.</param>
    public WebSocketCommandChannels(WebSocket socket, CommandOptions options, int version, CancellationToken cancellationToken)
    {
        _socket = socket;
        _input = options.Input ? new Pipe() : null;
        HasStatus = version >= 4;
        Closed = ReadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override PipeReader? Input => _input?.Reader;

    /// <inheritdoc/>
    public override Task Closed { get; }

    /// <summary>Says that the connection stands: clients wait for a first message.</summary>
    public ValueTask GreetAsync(CommandOptions options) =>
        WriteAsync(options switch { { Output: true } => OutputChannel, { Error: true } => ErrorChannel, _ => StatusChannel }, ReadOnlyMemory<byte>.Empty);

    /// <inheritdoc/>
    public override ValueTask WriteOutputAsync(ReadOnlyMemory<byte> data) => WriteAsync(OutputChannel, data);

    /// <inheritdoc/>
    public override ValueTask WriteErrorAsync(ReadOnlyMemory<byte> data) => WriteAsync(ErrorChannel, data);

    /// <inheritdoc/>
    protected override async Task FinishAsync(byte[] status)
    {
        if (status.Length > 0) await WriteAsync(StatusChannel, status);
        if (_input is not null)
        {
            _input.Reader.CancelPendingRead();
            await _input.Reader.CompleteAsync();
        }

        await WhileOpenAsync(() => _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None));
    }

    // Not the semaphore: the main process of a container may still try to write, which must do nothing.
    public void Dispose() => _socket.Dispose();

    private async ValueTask WriteAsync(byte channel, ReadOnlyMemory<byte> data)
    {
        byte[] message = [channel, .. data.Span];
        await WhileOpenAsync(() => _socket.SendAsync(message.AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None).AsTask());
    }

    private async Task WhileOpenAsync(Func<Task> write)
    {
        await _writing.WaitAsync();
        try
        {
            if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived) await write();
        }
        catch (Exception e) when (e is WebSocketException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The client is gone; the reading side says so.
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        await Task.Yield(); // the caller needs the object first
        var buffer = new byte[64 * 1024];
        var message = new ArrayBufferWriter<byte>();
        try
        {
            while (await _socket.ReceiveAsync(buffer.AsMemory(), cancellationToken) is { MessageType: not WebSocketMessageType.Close } part)
            {
                message.Write(buffer.AsSpan(0, part.Count));
                if (!part.EndOfMessage) continue;
                await OnMessageAsync(message.WrittenMemory);
                message.ResetWrittenCount();
            }
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client is gone without a word, or the kubelet ends.
        }
        finally
        {
            if (_input is not null) await _input.Writer.CompleteAsync();
            EndSizes();
        }
    }

    private async ValueTask OnMessageAsync(ReadOnlyMemory<byte> message)
    {
        if (message.IsEmpty) return;
        var data = message[1..];
        switch (message.Span[0])
        {
            case InputChannel when _input is not null && !data.IsEmpty:
                await _input.Writer.WriteAsync(data);
                break;
            case CloseSignal when _input is not null && data.Span is [InputChannel]:
                await _input.Writer.CompleteAsync();
                break;
            case SizeChannel:
                ReadSizes(data.Span);
                break;
            default:
                break;
        }
    }
}
