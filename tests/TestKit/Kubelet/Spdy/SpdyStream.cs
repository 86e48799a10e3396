using System.IO.Pipelines;

namespace TestKit.Kubelet.Spdy;

/// <summary>One stream of a SPDY connection, as the side sees it that accepted it.</summary>
internal sealed class SpdyStream(SpdyConnection connection, int id, IReadOnlyDictionary<string, string> headers)
{
    // Beyond this the connection stops reading until the consumer has read, as spdystream does, which has no windows either.
    private const int MostUnread = 16 * 1024 * 1024;

    private readonly Pipe _input = new(new(pauseWriterThreshold: MostUnread, resumeWriterThreshold: MostUnread / 2, useSynchronizationContext: false));
    private int _isClosed;

    /// <summary>The stream's number.</summary>
    public int Id { get; } = id;

    /// <summary>The headers with which the client opened the stream.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; } = headers;

    /// <summary>What the client sends. It ends when the client closes its side, resets the stream, or goes away.</summary>
    public PipeReader Input => _input.Reader;

    /// <summary>Whether the client reset the stream or went away, so that nothing that is written arrives.</summary>
    public bool IsReset { get; private set; }

    /// <summary>Sends bytes to the client.</summary>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> data) => Volatile.Read(ref _isClosed) == 0 && !IsReset
        ? connection.WriteDataAsync(Id, data, isLast: false)
        : ValueTask.CompletedTask;

    /// <summary>Closes this side: the client reads the end.</summary>
    public ValueTask CloseAsync() => Interlocked.Exchange(ref _isClosed, 1) == 0 && !IsReset
        ? connection.WriteDataAsync(Id, ReadOnlyMemory<byte>.Empty, isLast: true)
        : ValueTask.CompletedTask;

    /// <summary>The client sent something.</summary>
    public async ValueTask ReceiveAsync(ReadOnlyMemory<byte> data)
    {
        if (!data.IsEmpty) await _input.Writer.WriteAsync(data);
    }

    /// <summary>The client sends nothing more.</summary>
    public void EndInput() => _input.Writer.Complete();

    /// <summary>The client reset the stream, or went away.</summary>
    public void Reset()
    {
        IsReset = true;
        _input.Writer.Complete();
    }
}
