using System.Buffers.Binary;

namespace BreakGlass.Core.Journal;

/// <summary>The entries under a tile of level 0: each after its length in two bytes, big-endian.</summary>
public static class EntryBundle
{
    /// <summary>The largest entry in bytes. The length has two bytes.</summary>
    public const int LargestEntry = ushort.MaxValue;

    /// <summary>The largest bundle in bytes. A file that is longer is not read to its end.</summary>
    public const int LargestBundle = Tile.FullWidth * (sizeof(ushort) + LargestEntry);

    /// <summary>Writes entries as a bundle.</summary>
    /// <exception cref="JournalException">An entry is too large.</exception>
    public static byte[] Write(IReadOnlyCollection<ReadOnlyMemory<byte>> entries)
    {
        var bytes = new byte[entries.Sum(e => sizeof(ushort) + e.Length)];
        var rest = bytes.AsSpan();
        foreach (var entry in entries)
        {
            if (entry.Length > LargestEntry) throw JournalException.TooLarge(entry.Length);
            BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)entry.Length);
            entry.Span.CopyTo(rest[sizeof(ushort)..]);
            rest = rest[(sizeof(ushort) + entry.Length)..];
        }

        return bytes;
    }

    /// <summary>Reads the entries that are whole, and says how many bytes they take: fewer than there are if something is left at the end.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Read(ReadOnlyMemory<byte> bytes, out int used)
    {
        var entries = new List<ReadOnlyMemory<byte>>();
        for (used = 0; bytes.Length - used >= sizeof(ushort) && entries.Count < Tile.FullWidth;)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(bytes.Span[used..]);
            if (bytes.Length - used - sizeof(ushort) < length) break;
            entries.Add(bytes.Slice(used + sizeof(ushort), length));
            used += sizeof(ushort) + length;
        }

        return entries;
    }
}
