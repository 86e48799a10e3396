using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace BreakGlass.Core.Journal;

/// <summary>A hash of the Merkle tree of RFC 6962: SHA-256 over a leaf (prefix 0x00) or over two nodes (prefix 0x01).</summary>
/// <param name="High">The first 16 bytes, big-endian.</param>
/// <param name="Low">The last 16 bytes, big-endian.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TreeHash(UInt128 High, UInt128 Low)
{
    /// <summary>The number of bytes.</summary>
    public const int Size = SHA256.HashSizeInBytes;

    private const int LargestOnStack = 1024;

    /// <summary>The root of the empty tree.</summary>
    public static TreeHash Empty { get; } = Read(SHA256.HashData(ReadOnlySpan<byte>.Empty));

    /// <summary>The hash of an entry.</summary>
    public static TreeHash Leaf(ReadOnlySpan<byte> entry)
    {
        Span<byte> input = entry.Length < LargestOnStack ? stackalloc byte[entry.Length + 1] : new byte[entry.Length + 1];
        input[0] = 0;
        entry.CopyTo(input[1..]);
        return Of(input);
    }

    /// <summary>The hash of two subtrees.</summary>
    public static TreeHash Node(TreeHash left, TreeHash right)
    {
        Span<byte> input = stackalloc byte[1 + (2 * Size)];
        input[0] = 1;
        left.Write(input[1..]);
        right.Write(input[(1 + Size)..]);
        return Of(input);
    }

    /// <summary>Reads the first 32 bytes.</summary>
    public static TreeHash Read(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt128BigEndian(bytes), BinaryPrimitives.ReadUInt128BigEndian(bytes[(Size / 2)..]));

    /// <summary>Reads base64, in the one form that checkpoints have.</summary>
    public static bool TryParse(string text, out TreeHash hash)
    {
        Span<byte> bytes = stackalloc byte[Size];
        hash = default;
        if (!Base64Text.TryDecode(text, bytes)) return false;
        hash = Read(bytes);
        return true;
    }

    /// <summary>Writes the 32 bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt128BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt128BigEndian(bytes[(Size / 2)..], Low);
    }

    /// <summary>The hash in base64, as in checkpoints.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        Write(bytes);
        return Convert.ToBase64String(bytes);
    }

    private static TreeHash Of(ReadOnlySpan<byte> input)
    {
        Span<byte> output = stackalloc byte[Size];
        SHA256.HashData(input, output);
        return Read(output);
    }
}
