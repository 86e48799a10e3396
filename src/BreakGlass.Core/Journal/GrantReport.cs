namespace BreakGlass.Core.Journal;

/// <summary>The result of a check of one grant's entries.</summary>
/// <param name="Checkpoint">The checkpoint of the journal; null if it could not be used.</param>
/// <param name="Note">The checkpoint as it was signed.</param>
/// <param name="Entries">The entries that are proven to be in the journal.</param>
/// <param name="Problems">What is wrong.</param>
public sealed record GrantReport(
    Checkpoint? Checkpoint, ReadOnlyMemory<byte> Note, IReadOnlyList<ProvenEntry> Entries, IReadOnlyList<JournalProblem> Problems)
{
    /// <summary>Whether the grant's entries are as they were signed, and no transition is missing between them.</summary>
    public bool IsGood => Problems.Count == 0;
}
