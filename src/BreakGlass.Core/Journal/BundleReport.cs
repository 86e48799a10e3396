namespace BreakGlass.Core.Journal;

/// <summary>The result of a check of the evidence of one grant.</summary>
/// <param name="Grant">The name of the grant, as the report has it; null if there is no report that can be read.</param>
/// <param name="Checkpoint">The checkpoint of the journal; null if it could not be used.</param>
/// <param name="Entries">The entries that are proven to be in the journal.</param>
/// <param name="Problems">What is wrong.</param>
public sealed record BundleReport(
    string? Grant, Checkpoint? Checkpoint, IReadOnlyList<ProvenEntry> Entries, IReadOnlyList<JournalProblem> Problems)
{
    /// <summary>Whether the entries are as they were signed, and the report agrees with them.</summary>
    public bool IsGood => Problems.Count == 0;
}
