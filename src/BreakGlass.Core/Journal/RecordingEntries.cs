namespace BreakGlass.Core.Journal;

/// <summary>
/// The entries that prove the parts of recordings (<see cref="RecordingFile"/>). The gateway numbers the parts of each stream from 0, so that a missing one is
/// seen, and the last one says that it is the last.
/// </summary>
public static class RecordingEntries
{
    private const string Part = "/recording/";

    /// <summary>An entry.</summary>
    /// <param name="grant">The grant.</param>
    /// <param name="part">The part.</param>
    public static JournalEntry Of(BreakGlassGrant grant, RecordingPart part) => new()
    {
        Id = string.Create(CultureInfo.InvariantCulture, $"{grant.Metadata.Uid}{Part}{part.Stream}/{part.Part}"),
        Type = EntryTypes.SessionRecording,
        Source = JournalEntry.Operator,
        Subject = GrantEntries.SubjectStart + grant.Metadata.Name,
        Time = Timestamp.After(part.StartedAt, TimeSpan.FromMilliseconds(part.EndsAfter)),
        Data = new()
        {
            Grant = grant.Metadata.Name,
            Policy = EntryText.Short(grant.Spec.Policy),
            Requester = EntryText.Short(grant.Spec.Requester?.Username),
            Actor = EntryText.Short(grant.Spec.Requester?.Username),
            Recording = part,
        },
    };

    /// <summary>Of which stream the entry is a part, and its number; null if the entry is not about a part of a recording.</summary>
    internal static (string Series, long Number)? PositionOf(JournalEntry entry) => entry is { Type: EntryTypes.SessionRecording, Data.Recording: { } part }
        && string.Create(CultureInfo.InvariantCulture, $"/{part.Part}") is var end && entry.Id.EndsWith($"{Part}{part.Stream}{end}", StringComparison.Ordinal)
            ? (entry.Id[..^end.Length], part.Part) : null;
}
