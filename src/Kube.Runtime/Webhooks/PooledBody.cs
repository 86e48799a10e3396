namespace Kube.Runtime;

/// <summary>A body as it is read, in memory that is used again. It grows only with what has come: what a sender promises takes no memory.</summary>
internal sealed class PooledBody(int first) : IDisposable
{
    // The reader can look at what there is, and stop.
    private const int MostAtOnce = 64 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(Math.Clamp(first + 1, 1024, MostAtOnce));

    /// <summary>How much there is.</summary>
    public int Length { get; private set; }

    /// <summary>What there is; valid until more is read.</summary>
    public ReadOnlyMemory<byte> Text => _buffer.AsMemory(0, Length);

    /// <summary>Reads on; false at the end.</summary>
    public async ValueTask<bool> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        if (Length == _buffer.Length) Grow();
        var read = await body.ReadAsync(_buffer.AsMemory(Length, Math.Min(MostAtOnce, _buffer.Length - Length)), cancellationToken);
        Length += read;
        return read > 0;
    }

    public void Dispose()
    {
        // Cleared: the next to get it is somebody else.
        ArrayPool<byte>.Shared.Return(_buffer, clearArray: true);
        _buffer = [];
    }

    private void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
        Text.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer, clearArray: true);
        _buffer = larger;
    }
}
