using System.IO.Compression;
using BreakGlass.Core.Journal;

namespace BreakGlass.Gateway.Recording;

/// <summary>A part of a recording while it is written: gzip, and never larger than a part may be.</summary>
internal sealed class PartFile : IDisposable
{
    /// <summary>Kept free for the lines at the end of a stream, and the end of the file.</summary>
    private const int Reserve = 32 * 1024;

    /// <summary>A gzip file with nothing in it, which .NET writes as no bytes at all: a header, an empty block, the checksum and the length.</summary>
    private static readonly byte[] Empty = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private readonly MemoryStream _stored = new();
    private readonly GZipStream _gzip;
    private int _open;

    public PartFile() => _gzip = new(_stored, CompressionLevel.Fastest, leaveOpen: true);

    /// <summary>Whether nothing is in it.</summary>
    public bool IsEmpty { get; private set; } = true;

    /// <summary>Whether so many bytes fit, however badly they can be compressed.</summary>
    public bool HasRoom(int bytes)
    {
        if (Fits(_open + bytes)) return true;
        _gzip.Flush(); // now it is known what the bytes before take
        _open = 0;
        return IsEmpty || Fits(bytes);
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        _gzip.Write(bytes);
        _open += bytes.Length;
        IsEmpty &= bytes.IsEmpty;
    }

    /// <summary>Completes it, and gives its bytes.</summary>
    public byte[] Close()
    {
        _gzip.Dispose();
        return IsEmpty ? Empty : _stored.ToArray();
    }

    public void Dispose()
    {
        _gzip.Dispose();
        _stored.Dispose();
    }

    // What cannot be compressed takes five bytes more for each block.
    private bool Fits(int bytes) => _stored.Length + bytes + (bytes / 1024) + Reserve <= RecordingFile.MostBytes;
}
