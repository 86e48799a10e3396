using System.Buffers.Binary;
using System.Security.Cryptography;

namespace BreakGlass.Core.Journal;

/// <summary>
/// Entries that a replica of the operator hands over to the leader, in a file of the journal's storage. It is signed, so that what somebody else puts there
/// does not get into the journal.
/// </summary>
/// <param name="Size">The size of the journal before the file was written: its entries cannot be in the journal before this index.</param>
/// <param name="Entries">The entries.</param>
public sealed record SpoolFile(long Size, IReadOnlyList<JournalEntry> Entries)
{
    /// <summary>The folder of these files.</summary>
    public const string Folder = "spool";

    /// <summary>The most entries in one file.</summary>
    public const int MostEntries = 16;

    /// <summary>Where a replica's file with this number is. The paths of one replica have the order of its files.</summary>
    public static string PathOf(string observer, long number) => string.Create(CultureInfo.InvariantCulture,
        $"{Folder}/{string.Concat(observer.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-'))}.{number:D10}");

    /// <summary>Writes a file.</summary>
    /// <param name="path">Where it will be.</param>
    /// <param name="size">The size of the journal now.</param>
    /// <param name="entries">The entries.</param>
    /// <param name="key">The key of the journal.</param>
    public static byte[] Write(string path, long size, IReadOnlyList<JournalEntry> entries, SigningKey key)
    {
        var bundle = EntryBundle.Write([.. entries.Select(e => (ReadOnlyMemory<byte>)e.Bytes())]);
        var note = SignedNote.Sign(Text(path, size, bundle, key.Verifier), key);
        var length = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)note.Length);
        return [.. length, .. note, .. bundle];
    }

    /// <summary>Reads a file; null if it is not one that the key signed for this path.</summary>
    public static SpoolFile? Read(string path, ReadOnlyMemory<byte> bytes, VerifierKey key)
    {
        if (bytes.Length < sizeof(ushort)) return null;
        var end = sizeof(ushort) + BinaryPrimitives.ReadUInt16BigEndian(bytes.Span);
        if (bytes.Length < end || SignedNote.Open(bytes.Span[sizeof(ushort)..end], key, out _) is not { } text) return null;
        if (text.Split('\n') is not [_, _, var number, ..] || !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            || text != Text(path, size, bytes.Span[end..], key)) return null;
        var entries = EntryBundle.Read(bytes[end..], out _).Select(e => JournalEntry.Read(e)).ToList();
        return entries.TrueForAll(e => e is { Type: EntryTypes.SessionEvents or EntryTypes.SessionRecording }) ? new(size, entries!) : null;
    }

    // Not the text of a checkpoint or of a batch.
    private static string Text(string path, long size, ReadOnlySpan<byte> bundle, VerifierKey key) => string.Create(CultureInfo.InvariantCulture,
        $"spool of {key.Name}\n{path}\n{size}\n{Convert.ToHexStringLower(SHA256.HashData(bundle))}\n");
}
