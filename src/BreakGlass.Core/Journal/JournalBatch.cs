using System.Buffers.Binary;

namespace BreakGlass.Core.Journal;

/// <summary>
/// The entries that come next in a log, in one file whose path says after how many entries. As a file is created only once, there is one batch after each
/// size, and every writer that finds it carries out the same. It is signed, so that entries that somebody else puts there are not taken over.
/// </summary>
public static class JournalBatch
{
    /// <summary>Where the batch after this many entries is.</summary>
    public static string PathOf(long size) => string.Create(CultureInfo.InvariantCulture, $"{FolderOf(size)}/{size & (Tile.FullWidth - 1)}");

    /// <summary>The folder with all batches of a bundle.</summary>
    public static string FolderOf(long size) => $"batch/{Tile.Number(size >> Tile.Height)}.p";

    /// <summary>Writes a batch: a signed note with the size before and the root after, then the entries.</summary>
    /// <param name="edge">The log before the batch.</param>
    /// <param name="entries">The entries.</param>
    /// <param name="key">The key.</param>
    public static byte[] Write(LogEdge edge, IReadOnlyCollection<ReadOnlyMemory<byte>> entries, SigningKey key)
    {
        var note = SignedNote.Sign(Text(edge.Size, edge.Append(entries).After.Root(), key.Verifier), key);
        var length = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)note.Length);
        return [.. length, .. note, .. EntryBundle.Write(entries)];
    }

    /// <summary>Reads the batch that comes after a log; null if it is not one that the key signed for this log.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>>? Read(ReadOnlyMemory<byte> bytes, LogEdge edge, VerifierKey key)
    {
        if (bytes.Length < sizeof(ushort)) return null;
        var end = sizeof(ushort) + BinaryPrimitives.ReadUInt16BigEndian(bytes.Span);
        if (bytes.Length < end || SignedNote.Open(bytes.Span[sizeof(ushort)..end], key, out _) is not { } text) return null;
        var entries = EntryBundle.Read(bytes[end..], out var used);
        if (entries.Count == 0 || entries.Count > edge.Room || used != bytes.Length - end) return null;
        return text == Text(edge.Size, edge.Append(entries).After.Root(), key) ? entries : null;
    }

    // Not the text of a checkpoint: a batch that was never carried out must not look like a head of the log.
    private static string Text(long size, TreeHash after, VerifierKey key) =>
        string.Create(CultureInfo.InvariantCulture, $"batch of {key.Name}\n{size}\n{after}\n");
}
