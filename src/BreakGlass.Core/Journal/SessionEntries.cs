namespace BreakGlass.Core.Journal;

/// <summary>
/// The entries with the audit events of a grant's session. Each replica of the operator makes entries of its own, which it numbers for each grant from 0, so
/// that a missing one is seen.
/// </summary>
public static class SessionEntries
{
    /// <summary>The most bytes that the events of one entry take, so that the entry with the names around them is not too large.</summary>
    public const int MostBytes = 48 * 1024;

    private const string Part = "/events/";

    /// <summary>An entry.</summary>
    /// <param name="grant">The grant.</param>
    /// <param name="observer">The replica that received the events.</param>
    /// <param name="number">How many entries of this grant the replica made before.</param>
    /// <param name="events">The events; at most <see cref="MostBytes"/>.</param>
    /// <param name="dropped">How many events were dropped since the entry before, because the replica had no room for them.</param>
    /// <param name="now">The time, in case that there are only dropped events.</param>
    public static JournalEntry Of(
        BreakGlassGrant grant, string observer, long number, IReadOnlyList<SessionEvent> events, long dropped, DateTimeOffset now) => new()
    {
        Id = string.Create(CultureInfo.InvariantCulture, $"{grant.Metadata.Uid}{Part}{observer}/{number}"),
        Type = EntryTypes.SessionEvents,
        Source = JournalEntry.Operator,
        Subject = GrantEntries.SubjectStart + grant.Metadata.Name,
        Time = events.Count == 0 ? now : events.Max(e => e.At),
        Data = new()
        {
            Grant = grant.Metadata.Name,
            Policy = EntryText.Short(grant.Spec.Policy),
            Requester = EntryText.Short(grant.Spec.Requester?.Username),
            Actor = EntryText.Short(grant.Spec.Requester?.Username),
            Events = events,
            Dropped = dropped == 0 ? null : dropped,
        },
    };

    /// <summary>The most bytes that an event takes in an entry.</summary>
    public static int SizeOf(SessionEvent happened) => JsonSerializer.SerializeToUtf8Bytes(happened, JournalJsonContext.Default.SessionEvent).Length + 1;

    /// <summary>Whose entry it is, of which replica, and its number; null if the entry does not hold events of a session.</summary>
    internal static (string Series, long Number)? PositionOf(JournalEntry entry) =>
        entry.Type == EntryTypes.SessionEvents && entry.Id.Contains(Part, StringComparison.Ordinal) && entry.Id.LastIndexOf('/') is var slash
            && long.TryParse(entry.Id.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? (entry.Id[..slash], number) : null;
}
