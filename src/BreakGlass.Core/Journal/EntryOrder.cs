namespace BreakGlass.Core.Journal;

/// <summary>
/// Whether the numbered entries of each object come in their order, none is missing between them, and no entry is there twice.
/// </summary>
internal sealed class EntryOrder
{
    private readonly Dictionary<string, int> _next = new(StringComparer.Ordinal);
    private readonly HashSet<string> _others = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<long>> _sessions = new(StringComparer.Ordinal);

    /// <summary>
    /// What is missing among the events of sessions, after all entries. Each replica of the operator numbers its own from 0, and they can come in any order.
    /// </summary>
    public IEnumerable<string> Gaps()
    {
        foreach (var (series, numbers) in _sessions.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            var missing = 0L;
            while (numbers.Contains(missing)) missing++;
            if (missing < numbers.Count) yield return string.Create(
                CultureInfo.InvariantCulture, $"the entry {series}/{missing} with events of the session is missing, and later ones are there");
        }
    }

    /// <summary>What is wrong with the next entry; null if it follows those before it.</summary>
    public string? Problem(JournalEntry entry)
    {
        if (SessionEntries.PositionOf(entry) is { } part)
        {
            if (!_sessions.TryGetValue(part.Series, out var numbers)) _sessions[part.Series] = numbers = [];
            numbers.Add(part.Number);
        }

        if (entry.Position is not { } position) return _others.Add(entry.Id) ? null : $"repeats {entry.Id}";
        var expected = _next.GetValueOrDefault(position.Uid);
        _next[position.Uid] = Math.Max(expected, position.Number + 1);
        if (position.Number == expected) return null;
        return position.Number < expected ? $"repeats {entry.Id}"
            : $"comes after {JournalEntry.IdOf(position.Uid, expected)}, which is missing before it";
    }
}
