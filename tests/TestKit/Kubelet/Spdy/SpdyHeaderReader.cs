using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace TestKit.Kubelet.Spdy;

/// <summary>
/// Reads the compressed header blocks of one direction of a SPDY/3 connection. They are one zlib stream with a preset dictionary. .NET has no preset
/// dictionaries, but a deflate stream may begin with an uncompressed block: the dictionary is given to it as such a block, and its text is skipped.
/// </summary>
internal sealed class SpdyHeaderReader : IDisposable
{
    private const int ZlibHeader = 2;
    private const int MaxText = 64 * 1024;
    private const byte HasDictionary = 0x20;

    private readonly MemoryStream _compressed = new();
    private readonly DeflateStream _text;
    private bool _began;
    private int _toSkip;

    public SpdyHeaderReader() => _text = new(_compressed, CompressionMode.Decompress);

    /// <summary>The headers of the next block. Blocks must come in the order of the connection, because each needs what was read before.</summary>
    /// <exception cref="InvalidDataException">It is not a header block.</exception>
    public IReadOnlyDictionary<string, string> Read(ReadOnlySpan<byte> block)
    {
        var left = _compressed.ToArray().AsSpan((int)_compressed.Position).ToArray();
        _compressed.SetLength(0);
        _compressed.Write(left);
        _compressed.Write(_began ? block : Begin(block));
        _compressed.Position = 0;
        _began = true;
        _text.ReadExactly(new byte[_toSkip]);
        _toSkip = 0;

        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var pairs = ReadNumber(); pairs > 0; pairs--)
        {
            var name = ReadText();
            headers[name] = ReadText();
        }

        return headers;
    }

    public void Dispose()
    {
        _text.Dispose();
        _compressed.Dispose();
    }

    private ReadOnlySpan<byte> Begin(ReadOnlySpan<byte> block)
    {
        if (block.Length < ZlibHeader) throw new InvalidDataException("A SPDY header block is too short.");
        if ((block[1] & HasDictionary) == 0) return block[ZlibHeader..];
        var checksum = BinaryPrimitives.ReadUInt32BigEndian(block[ZlibHeader..]);
        if (checksum != SpdyDictionary.Checksum) throw new InvalidDataException($"SPDY headers use another dictionary: {checksum:x8}.");
        var length = (ushort)SpdyDictionary.Bytes.Length;
        Span<byte> start = stackalloc byte[5]; // an uncompressed block that is not the last: its length, and the length inverted
        BinaryPrimitives.WriteUInt16LittleEndian(start[1..], length);
        BinaryPrimitives.WriteUInt16LittleEndian(start[3..], (ushort)(0xffff ^ length));
        _compressed.Write(start);
        _compressed.Write(SpdyDictionary.Bytes);
        _toSkip = SpdyDictionary.Bytes.Length;
        return block[(ZlibHeader + sizeof(uint))..];
    }

    private int ReadNumber()
    {
        Span<byte> number = stackalloc byte[4];
        _text.ReadExactly(number);
        var value = BinaryPrimitives.ReadInt32BigEndian(number);
        return value is >= 0 and <= MaxText ? value : throw new InvalidDataException($"A SPDY header block has an impossible length: {value}.");
    }

    private string ReadText()
    {
        var text = new byte[ReadNumber()];
        _text.ReadExactly(text);
        return Encoding.UTF8.GetString(text);
    }
}
