namespace BreakGlass.Core.Journal;

/// <summary>
/// A list of what exists, in as many entries as it takes. Policies, authorities, lockdowns and seal keys live for years: who reads the journal backwards to
/// learn which of them were not deleted yet ends at the newest list.
/// </summary>
internal static class LiveEntries
{
    // An entry has at most 64 KiB, and a name at most 253 characters.
    private const int MostInPart = 128;

    public static IReadOnlyList<JournalEntry> Of(IReadOnlyList<LiveObject> objects, long first, long size, DateTimeOffset now)
    {
        var parts = objects.Chunk(MostInPart).DefaultIfEmpty([]).ToList();
        return [.. parts.Select((part, i) => new JournalEntry
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"live-{size}/{i + 1}"),
            Type = EntryTypes.Live,
            Source = JournalEntry.Operator,
            Subject = "journal",
            Time = now,
            Data = new() { Objects = part, First = first, Size = size, Part = i + 1, Parts = parts.Count },
        })];
    }
}
