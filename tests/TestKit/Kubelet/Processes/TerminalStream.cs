using System.Buffers;
using System.IO.Pipelines;
using Microsoft.Win32.SafeHandles;

namespace TestKit.Kubelet.Processes;

/// <summary>
/// The terminal's side of a pseudo-terminal as a stream. A read of it blocks a thread, so it has one of its own: the thread pool has too few for many
/// open shells. When no program has the other side open any more, the stream ends.
/// </summary>
internal sealed class TerminalStream : Stream
{
    private readonly Pipe _screen = new(new(pauseWriterThreshold: 0, useSynchronizationContext: false));
    private readonly Stream _read;
    private readonly FileStream _master;

    public TerminalStream(SafeFileHandle master)
    {
        _master = new(master, FileAccess.ReadWrite, bufferSize: 0);
        _read = _screen.Reader.AsStream();
        new Thread(ReadAll) { IsBackground = true, Name = "reads a terminal" }.Start();
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => _read.Read(buffer, offset, count);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _read.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        _read.ReadAsync(buffer, offset, count, cancellationToken);

    public override void Write(byte[] buffer, int offset, int count) => _master.Write(buffer, offset, count);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _master.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) _master.Dispose();
        base.Dispose(disposing);
    }

    private void ReadAll()
    {
        var buffer = new byte[16 * 1024];
        try
        {
            for (int read; (read = _master.Read(buffer)) > 0;)
            {
                _screen.Writer.Write(buffer.AsSpan(0, read));
                _ = _screen.Writer.FlushAsync().AsTask(); // completes at once: the pipe has no limit
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException or NotSupportedException)
        {
            // EIO: no process has the other side open.
        }

        _screen.Writer.Complete();
    }
}
