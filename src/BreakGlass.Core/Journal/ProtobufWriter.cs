using System.Buffers;
using System.Buffers.Binary;

namespace BreakGlass.Core.Journal;

/// <summary>Writes the fields of a protobuf message: the four kinds that logs of OTLP need.</summary>
internal sealed class ProtobufWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    private enum Wire
    {
        Varint = 0,
        Fixed64 = 1,
        Length = 2,
    }

    /// <summary>Writes a number of variable length.</summary>
    public void Number(int field, long value)
    {
        Key(field, Wire.Varint);
        Varint((ulong)value);
    }

    /// <summary>Writes a number of 64 bits.</summary>
    public void Fixed(int field, ulong value)
    {
        Key(field, Wire.Fixed64);
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        _bytes.Write(bytes);
    }

    /// <summary>Writes a text.</summary>
    public void Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    /// <summary>Writes bytes; a text is its bytes in UTF-8.</summary>
    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Key(field, Wire.Length);
        Varint((ulong)value.Length);
        _bytes.Write(value);
    }

    /// <summary>Writes a message.</summary>
    public void Message(int field, Action<ProtobufWriter> write)
    {
        var inner = new ProtobufWriter();
        write(inner);
        Bytes(field, inner._bytes.WrittenSpan);
    }

    /// <summary>All that was written.</summary>
    public byte[] ToArray() => _bytes.WrittenSpan.ToArray();

    private void Key(int field, Wire wire) => Varint(((ulong)field << 3) | (ulong)wire);

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) _bytes.Write([(byte)((value & 0x7F) | 0x80)]);
        _bytes.Write([(byte)value]);
    }
}
