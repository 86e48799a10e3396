namespace BreakGlass.Core.Journal;

/// <summary>What is wrong with a journal.</summary>
/// <param name="First">The first entry that it is about; null if it is about the checkpoint.</param>
/// <param name="Last">The last entry that it is about.</param>
/// <param name="Message">What was found.</param>
public sealed record JournalProblem(long? First, long? Last, string Message)
{
    /// <summary>A problem of one entry.</summary>
    internal static JournalProblem At(long index, string message) => new(index, index, message);

    /// <summary>The entries and what was found.</summary>
    public override string ToString() =>
        First is null ? Message : First == Last ? $"entry {First}: {Message}" : $"entries {First} to {Last}: {Message}";
}
