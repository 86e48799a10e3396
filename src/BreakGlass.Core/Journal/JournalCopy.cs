using System.Text.Json.Nodes;

namespace BreakGlass.Core.Journal;

/// <summary>An entry of the journal as it is sent outside the cluster.</summary>
public sealed record JournalCopy
{
    private JournalCopy(string origin, long index, JournalEntry entry, byte[] document) =>
        (Origin, Index, Entry, Document) = (origin, index, entry, document);

    /// <summary>Whose journal: the name of the key that signs it.</summary>
    public string Origin { get; }

    /// <summary>The position in the journal, from 0.</summary>
    public long Index { get; }

    /// <summary>The entry.</summary>
    public JournalEntry Entry { get; }

    /// <summary>
    /// The CloudEvents document: the entry with the extension attributes <c>journal</c> and <c>journalindex</c>, in the canonical form of RFC 8785. Without
    /// these two it has the bytes that the journal has. The index is a text, because a number of CloudEvents has 32 bits.
    /// </summary>
    public ReadOnlyMemory<byte> Document { get; }

    /// <summary>Makes the copy of an entry.</summary>
    /// <param name="origin">Whose journal.</param>
    /// <param name="index">The position.</param>
    /// <param name="bytes">The entry as the journal has it.</param>
    /// <exception cref="JournalException">The bytes are not an entry.</exception>
    public static JournalCopy Of(string origin, long index, ReadOnlyMemory<byte> bytes)
    {
        if (JournalEntry.Read(bytes) is not { } entry || JsonNode.Parse(bytes.Span) is not JsonObject document)
            throw new JournalException($"entry {index} of the journal is not a CloudEvents document. Verify the journal.");
        document["journal"] = origin;
        document["journalindex"] = index.ToString(CultureInfo.InvariantCulture);
        using var json = JsonDocument.Parse(document.ToJsonString());
        return new(origin, index, entry, CanonicalJson.Write(json.RootElement));
    }
}
