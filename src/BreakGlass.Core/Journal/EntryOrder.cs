namespace BreakGlass.Core.Journal;

/// <summary>Whether the numbered entries of each object come in their order, none is missing between them, and no entry is there twice.</summary>
internal sealed class EntryOrder
{
    private readonly Dictionary<string, int> _next = new(StringComparer.Ordinal);
    private readonly HashSet<string> _others = new(StringComparer.Ordinal);

    /// <summary>What is wrong with the next entry; null if it follows those before it.</summary>
    public string? Problem(JournalEntry entry)
    {
        if (entry.Position is not { } position) return _others.Add(entry.Id) ? null : $"repeats {entry.Id}";
        var expected = _next.GetValueOrDefault(position.Uid);
        _next[position.Uid] = Math.Max(expected, position.Number + 1);
        if (position.Number == expected) return null;
        return position.Number < expected ? $"repeats {entry.Id}"
            : $"comes after {JournalEntry.IdOf(position.Uid, expected)}, which is missing before it";
    }
}
