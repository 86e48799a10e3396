using BreakGlass.Core.Journal;

namespace BreakGlass.Core.Lifecycle;

/// <summary>What is known of the journal that concerns one grant.</summary>
/// <param name="Entries">The entries that a checkpoint covers; without those whose index the status has.</param>
/// <param name="Problem">Why the journal cannot be written; null while it can be, as far as is known.</param>
public sealed record JournalFacts(IReadOnlyList<JournaledTransition> Entries, string? Problem)
{
    /// <summary>Whether this operator has read the journal, so that what is not among the entries is not in it.</summary>
    public bool IsRead { get; init; } = true;

    /// <summary>How many entries of the journal, from the first one, all required sinks have; null if no sink is required.</summary>
    public long? Acknowledged { get; init; }

    /// <summary>Whether a transition is in the journal, and at all required sinks.</summary>
    /// <param name="status">The status.</param>
    /// <param name="number">The number of the transition in it.</param>
    public bool IsWritten(GrantStatus status, int number) =>
        IndexOf(status, number) is { } index && (Acknowledged is not { } acknowledged || index < acknowledged);

    /// <summary>
    /// The index of the entry about a transition; null if it is not known. A status that was rewritten has other transitions than the journal.
    /// </summary>
    /// <param name="status">The status.</param>
    /// <param name="number">The number of the transition in it.</param>
    public long? IndexOf(GrantStatus status, int number)
    {
        if (number < 0 || number >= status.Transitions.Count) return null;
        var transition = status.Transitions[number];
        foreach (var entry in Entries)
        {
            if (entry.Number == number && entry.At == transition.At && entry.Type == GrantEntries.TypeOf(transition.To)) return entry.Index;
        }

        return null;
    }
}
