namespace BreakGlass.Core.Journal;

/// <summary>An entry that is proven to be in the journal.</summary>
/// <param name="Index">Its position.</param>
/// <param name="Entry">What it says.</param>
/// <param name="Bytes">Its bytes, which the proof is about.</param>
/// <param name="Proof">The hashes from the entry to the root.</param>
public sealed record ProvenEntry(long Index, JournalEntry Entry, ReadOnlyMemory<byte> Bytes, IReadOnlyList<TreeHash> Proof);
