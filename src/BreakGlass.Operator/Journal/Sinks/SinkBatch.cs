using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal.Sinks;

/// <summary>Consecutive entries of the journal, at least one.</summary>
/// <param name="Copies">The entries in their order.</param>
internal sealed record SinkBatch(IReadOnlyList<JournalCopy> Copies)
{
    /// <summary>The index of the entry after the last one.</summary>
    public long End => Copies[^1].Index + 1;

    /// <summary>Which entries, for logs.</summary>
    public string Describe() => Copies.Count == 1 ? $"entry {Copies[0].Index}" : $"entries {Copies[0].Index} to {End - 1}";
}
