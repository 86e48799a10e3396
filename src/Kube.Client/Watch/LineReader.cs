using System.IO.Pipelines;

namespace Kube.Client;

/// <summary>Cuts a stream into lines without going through text. A line may be many MiB long.</summary>
internal sealed class LineReader(Stream stream) : IAsyncDisposable
{
    /// <summary>Far above the largest object etcd stores (1.5 MiB by default): more than this is no watch.</summary>
    private const long LongestLine = 64L * 1024 * 1024;

    private static readonly StreamPipeReaderOptions Options = new(bufferSize: 16 * 1024, minimumReadSize: 4 * 1024, leaveOpen: true);

    private readonly PipeReader _pipe = PipeReader.Create(stream, Options);
    private byte[]? _rented;

    /// <summary>Whether the last line had no line end: the stream stopped there, perhaps in its middle.</summary>
    public bool CutOff { get; private set; }

    /// <summary>The line without its end; valid until the next one is asked for.</summary>
    public ReadOnlyMemory<byte> Current { get; private set; }

    /// <summary>
    /// Goes to the next line that is not empty; false at the end of the stream. What follows the last line end is a line too.
    /// </summary>
    public async ValueTask<bool> MoveNextAsync(CancellationToken cancellationToken)
    {
        long scanned = 0;
        while (true)
        {
            var read = await _pipe.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            if (buffer.Slice(scanned).PositionOf((byte)'\n') is { } end)
            {
                Current = Copy(buffer.Slice(0, end));
                _pipe.AdvanceTo(buffer.GetPosition(1, end));
                if (!Current.IsEmpty) return true;
                scanned = 0;
                continue;
            }

            if (read.IsCompleted)
            {
                Current = Copy(buffer);
                _pipe.AdvanceTo(buffer.End);
                CutOff = true;
                return !Current.IsEmpty;
            }

            scanned = buffer.Length;
            if (scanned > LongestLine) throw new IOException($"a watch event is longer than {LongestLine} bytes");
            _pipe.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    /// <summary>The pipe takes its memory back before the line is used, so the line is copied into an array kept from line to line.</summary>
    private ReadOnlyMemory<byte> Copy(in ReadOnlySequence<byte> line)
    {
        var length = checked((int)line.Length);
        if (_rented is null || _rented.Length < length || _rented.Length > 16 * Math.Max(length, 64 * 1024))
        {
            if (_rented is not null) ArrayPool<byte>.Shared.Return(_rented, clearArray: true);
            _rented = ArrayPool<byte>.Shared.Rent(length);
        }

        line.CopyTo(_rented);
        return _rented.AsMemory(0, length);
    }

    public async ValueTask DisposeAsync()
    {
        await _pipe.CompleteAsync();
        if (_rented is not null) ArrayPool<byte>.Shared.Return(_rented, clearArray: true);
        _rented = null;
    }
}
