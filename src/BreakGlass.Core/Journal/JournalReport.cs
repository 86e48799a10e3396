namespace BreakGlass.Core.Journal;

/// <summary>The result of a check.</summary>
/// <param name="Checkpoint">The checkpoint of the journal; null if it could not be used.</param>
/// <param name="Problems">What is wrong; nothing if the journal is as it was signed.</param>
public sealed record JournalReport(Checkpoint? Checkpoint, IReadOnlyList<JournalProblem> Problems)
{
    /// <summary>Whether the journal is as it was signed.</summary>
    public bool IsGood => Problems.Count == 0;
}
