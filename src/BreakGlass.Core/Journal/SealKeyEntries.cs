namespace BreakGlass.Core.Journal;

/// <summary>
/// The entries of seal keys: one when a key is added, one when it is retired, and so on if it comes back. They are numbered, and contain ids only. A key is
/// the same key if its Secret was lost and written again.
/// </summary>
public static class SealKeyEntries
{
    /// <summary>The start of the subject of a seal key's entries.</summary>
    public const string SubjectStart = "sealkeys/";

    private const string UidStart = "sealkey-";

    /// <summary>What the ids of a key's entries begin with.</summary>
    public static string UidOf(SealKeyFacts key) =>
        string.Create(CultureInfo.InvariantCulture, $"{UidStart}{key.Id}.{key.CreatedAt.ToUnixTimeSeconds()}");

    /// <summary>The entry that says that a key is used, or is used again.</summary>
    /// <param name="key">The key, without its secret.</param>
    /// <param name="number">How many entries it has.</param>
    /// <param name="seen">Now.</param>
    public static JournalEntry Added(SealKeyFacts key, long number, DateTimeOffset seen) =>
        Of(UidOf(key), number, EntryTypes.SealKeyAdded, key.Id, number == 0 ? key.CreatedAt : seen, number > 0);

    /// <summary>The entry that says that a key verifies nothing any more.</summary>
    /// <param name="uid">What the ids of its entries begin with.</param>
    /// <param name="key">Its id.</param>
    /// <param name="number">How many entries it has.</param>
    /// <param name="seen">When the operator saw that it is gone.</param>
    public static JournalEntry Retired(string uid, string key, long number, DateTimeOffset seen) =>
        Of(uid, number, EntryTypes.SealKeyRetired, key, seen, isSeen: true);

    /// <summary>The number of a key's entry; -1 if the id is not one.</summary>
    internal static long NumberOf(string id) =>
        long.TryParse(id.AsSpan(id.IndexOf('/') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;

    private static JournalEntry Of(string uid, long number, string type, string key, DateTimeOffset time, bool isSeen) => new()
    {
        Id = string.Create(CultureInfo.InvariantCulture, $"{uid}/{number}"),
        Type = type,
        Source = JournalEntry.Operator,
        Subject = SubjectStart + key,
        Time = time,
        Data = new() { Key = key, Seen = isSeen ? true : null },
    };
}
