namespace BreakGlass.Core.Journal;

/// <summary>
/// The proof that an entry is in a log, as C2SP tlog-proof defines it: one text with the position, the hashes from the entry to the root, and the checkpoint.
/// It is read in the one form in which it is written, without the optional line for extra data, which no proof covers.
/// </summary>
/// <param name="Index">The position of the entry.</param>
/// <param name="Hashes">The hashes.</param>
/// <param name="Note">The checkpoint as it was signed.</param>
public sealed record LogProof(long Index, IReadOnlyList<TreeHash> Hashes, ReadOnlyMemory<byte> Note)
{
    private const string Header = "c2sp.org/tlog-proof@v1";
    private const string IndexStart = "index ";

    /// <summary>The longest proof that is read: one hash for each level of the largest tree, and a checkpoint.</summary>
    public const int Longest = SignedNote.Longest + 4096;

    /// <summary>The text.</summary>
    public byte[] Bytes()
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{Header}\n{IndexStart}{Index}\n");
        foreach (var hash in Hashes) text.Append(CultureInfo.InvariantCulture, $"{hash}\n");
        return [.. Encoding.ASCII.GetBytes(text.Append('\n').ToString()), .. Note.Span];
    }

    /// <summary>Reads a proof; null if it is not one.</summary>
    public static LogProof? Read(ReadOnlyMemory<byte> bytes)
    {
        var end = bytes.Span.IndexOf("\n\n"u8);
        if (end < 0 || bytes.Length > Longest) return null;
        if (Encoding.Latin1.GetString(bytes.Span[..end]).Split('\n') is not [Header, var index, .. var lines]) return null;
        if (!index.StartsWith(IndexStart, StringComparison.Ordinal) || !long.TryParse(index[IndexStart.Length..], NumberStyles.None,
            CultureInfo.InvariantCulture, out var number) || index != string.Create(CultureInfo.InvariantCulture, $"{IndexStart}{number}")) return null;
        var hashes = new TreeHash[lines.Length];
        for (var i = 0; i < lines.Length; i++)
        {
            if (!TreeHash.TryParse(lines[i], out hashes[i])) return null;
        }

        return new(number, hashes, bytes[(end + 2)..]);
    }

    /// <summary>Whether it shows that an entry is at its position in the tree of a checkpoint.</summary>
    public bool Proves(ReadOnlySpan<byte> entry, Checkpoint checkpoint) =>
        TreeProof.Includes(TreeHash.Leaf(entry), Index, checkpoint.Size, checkpoint.Root, Hashes);
}
