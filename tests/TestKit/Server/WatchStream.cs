using System.Threading.Channels;

namespace TestKit;

/// <summary>The body of a watch answer: the server sends lines, the client reads them as they come.</summary>
internal sealed class WatchStream(Signal changed, Action onClosed) : Stream
{
    private readonly Channel<byte[]> _lines = Channel.CreateUnbounded<byte[]>();
    private ReadOnlyMemory<byte> _rest;
    private int _pending;
    private int _taken;

    /// <summary>Whether the client has read everything that was sent and come back for more, so has dealt with it.</summary>
    public bool IsDrained => Volatile.Read(ref _pending) == 0;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public void Send(byte[] line)
    {
        Interlocked.Increment(ref _pending);
        if (!_lines.Writer.TryWrite(line)) Interlocked.Decrement(ref _pending);
    }

    /// <summary>Ends the body cleanly, or as a broken connection does. What was sent before can still be read.</summary>
    public void End(Exception? broken = null)
    {
        _lines.Writer.TryComplete(broken);
        onClosed();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_rest.IsEmpty)
        {
            if (_lines.Reader.TryRead(out var line))
            {
                _rest = line;
                _taken++;
                continue;
            }

            Interlocked.Add(ref _pending, -_taken);
            _taken = 0;
            changed.Raise();
            if (!await _lines.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false)) return 0;
        }

        var count = Math.Min(buffer.Length, _rest.Length);
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read a watch asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) End();
        base.Dispose(disposing);
    }
}
