using System.Buffers.Binary;
using System.Threading.Channels;

namespace TestKit.Kubelet.Spdy;

/// <summary>
/// The accepting side of a SPDY/3.1 connection, as far as Kubernetes' clients (moby/spdystream) use the protocol: the client opens streams, replies carry no
/// headers, and there is no flow control beside TCP's.
/// </summary>
internal sealed class SpdyConnection(Stream transport) : IDisposable
{
    private const int FrameHeader = 8;
    private const int Version = 3;
    private const byte IsControl = 0x80;
    private const byte IsLast = 0x01;
    private const int MaxFrame = 1024 * 1024; // far above what clients send, which is at most 64 KiB
    private const int MostAtOnce = 32 * 1024;

    private const int SynStream = 1;
    private const int SynReply = 2;
    private const int RstStream = 3;
    private const int Ping = 6;
    private const int GoAway = 7;
    private const int Headers = 8;

    // No headers, uncompressed, then an empty block, which has the reader process what it has. The first one begins the zlib stream.
    private static readonly byte[] s_noHeaders = [0x00, 0x04, 0x00, 0xfb, 0xff, 0, 0, 0, 0, 0x00, 0x00, 0x00, 0xff, 0xff];
    private static readonly byte[] s_firstNoHeaders = [0x78, 0x01, .. s_noHeaders];

    private readonly Channel<SpdyStream> _accepted = Channel.CreateUnbounded<SpdyStream>();
    private readonly Dictionary<int, SpdyStream> _streams = [];
    private readonly SpdyHeaderReader _headers = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private bool _hasReplied;
    private int _lastId;

    /// <summary>The streams that the client opens.</summary>
    public ChannelReader<SpdyStream> Accepted => _accepted.Reader;

    /// <summary>Reads until the client closes the connection, or the token is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            var header = new byte[FrameHeader];
            while (await ReadAsync(header, cancellationToken))
            {
                var length = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(4)) & 0xff_ffff;
                if (length > MaxFrame) throw new InvalidDataException($"A SPDY frame has {length} bytes.");
                var payload = new byte[length];
                if (!await ReadAsync(payload, cancellationToken)) break;
                if ((header[0] & IsControl) == 0) await OnDataAsync(Number(header), payload, (header[4] & IsLast) != 0);
                else await OnControlAsync(BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(2)), header[4], payload);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client is gone, or the kubelet ends.
        }
        finally
        {
            _accepted.Writer.TryComplete();
            foreach (var stream in _streams.Values) stream.Reset();
        }
    }

    /// <summary>Says that no stream is accepted any more, the last thing before the connection is closed.</summary>
    public async Task GoAwayAsync()
    {
        var payload = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(payload, _lastId);
        await WriteControlAsync(GoAway, payload);
    }

    /// <summary>Sends a part of a stream.</summary>
    public async ValueTask WriteDataAsync(int id, ReadOnlyMemory<byte> data, bool isLast)
    {
        for (var at = 0; at < data.Length || isLast; at += MostAtOnce)
        {
            var part = data[Math.Min(at, data.Length)..Math.Min(at + MostAtOnce, data.Length)];
            var ends = isLast && at + MostAtOnce >= data.Length;
            var frame = new byte[FrameHeader + part.Length];
            BinaryPrimitives.WriteInt32BigEndian(frame, id);
            BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), part.Length);
            frame[4] = ends ? IsLast : (byte)0;
            part.CopyTo(frame.AsMemory(FrameHeader));
            await WriteAsync(frame);
            if (ends) return;
        }
    }

    // Not the semaphore: others may still try to write, which must do nothing.
    public void Dispose() => _headers.Dispose();

    private async ValueTask OnDataAsync(int id, byte[] payload, bool isLast)
    {
        if (!_streams.TryGetValue(id, out var stream) || stream.IsReset) return;
        await stream.ReceiveAsync(payload);
        if (isLast) stream.EndInput();
    }

    private async ValueTask OnControlAsync(int type, byte flags, byte[] payload)
    {
        switch (type)
        {
            case SynStream:
                _lastId = Number(payload);
                var stream = new SpdyStream(this, _lastId, _headers.Read(payload.AsSpan(10)));
                _streams[stream.Id] = stream;
                if ((flags & IsLast) != 0) stream.EndInput();
                await ReplyAsync(stream.Id);
                await _accepted.Writer.WriteAsync(stream);
                break;
            case Headers: // their content is not used, but it is a part of the compressed stream
                _headers.Read(payload.AsSpan(4));
                break;
            case RstStream:
                if (_streams.Remove(Number(payload), out var reset)) reset.Reset();
                break;
            case Ping when (payload[3] & 1) == 1: // the client's own; even numbers would be answers
                await WriteControlAsync(Ping, payload);
                break;
            default: // SETTINGS, WINDOW_UPDATE and GOAWAY change nothing here
                break;
        }
    }

    private Task ReplyAsync(int id)
    {
        var payload = new byte[4 + (_hasReplied ? s_noHeaders : s_firstNoHeaders).Length];
        BinaryPrimitives.WriteInt32BigEndian(payload, id);
        (_hasReplied ? s_noHeaders : s_firstNoHeaders).CopyTo(payload, 4);
        _hasReplied = true;
        return WriteControlAsync(SynReply, payload);
    }

    private Task WriteControlAsync(int type, byte[] payload)
    {
        var frame = new byte[FrameHeader + payload.Length];
        frame[0] = IsControl;
        frame[1] = Version;
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)type);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), payload.Length);
        payload.CopyTo(frame, FrameHeader);
        return WriteAsync(frame);
    }

    private async Task WriteAsync(byte[] frame)
    {
        await _writing.WaitAsync();
        try
        {
            // A frame in one write: Go's reader of headers does not expect one in pieces.
            await transport.WriteAsync(frame);
            await transport.FlushAsync();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The client is gone; the reading side says so.
        }
        finally
        {
            _writing.Release();
        }
    }

    private async ValueTask<bool> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        await transport.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken) == buffer.Length;

    private static int Number(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt32BigEndian(bytes) & int.MaxValue;
}
