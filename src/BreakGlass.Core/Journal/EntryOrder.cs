namespace BreakGlass.Core.Journal;

/// <summary>
/// Whether the numbered entries of each object come in their order, none is missing between them, and no entry is there twice.
/// </summary>
internal sealed class EntryOrder
{
    private readonly Dictionary<string, int> _next = new(StringComparer.Ordinal);
    private readonly HashSet<string> _others = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string What, HashSet<long> Numbers)> _series = new(StringComparer.Ordinal);

    /// <summary>
    /// What is missing among the events of sessions and the parts of recordings, after all entries. Each replica of the operator numbers its own events from
    /// 0, the gateway numbers the parts of each stream, and they can come in any order.
    /// </summary>
    public IEnumerable<string> Gaps()
    {
        foreach (var (series, (what, numbers)) in _series.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            var missing = 0L;
            while (numbers.Contains(missing)) missing++;
            if (missing < numbers.Count) yield return string.Create(
                CultureInfo.InvariantCulture, $"the entry {series}/{missing} with {what} is missing, and later ones are there");
        }
    }

    /// <summary>What is wrong with the next entry; null if it follows those before it.</summary>
    public string? Problem(JournalEntry entry)
    {
        if (SessionEntries.PositionOf(entry) is { } events) Add(events, "events of the session");
        if (RecordingEntries.PositionOf(entry) is { } part) Add(part, "a part of a recording");
        if (entry.Position is not { } position) return _others.Add(entry.Id) ? null : $"repeats {entry.Id}";
        var expected = _next.GetValueOrDefault(position.Uid);
        _next[position.Uid] = Math.Max(expected, position.Number + 1);
        if (position.Number == expected) return null;
        return position.Number < expected ? $"repeats {entry.Id}"
            : $"comes after {JournalEntry.IdOf(position.Uid, expected)}, which is missing before it";
    }

    private void Add((string Series, long Number) position, string what)
    {
        if (!_series.TryGetValue(position.Series, out var series)) _series[position.Series] = series = (what, []);
        series.Numbers.Add(position.Number);
    }
}
