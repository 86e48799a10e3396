using BreakGlass.Core.Journal;

namespace BreakGlass.Cli.Journal;

/// <summary>An entry in a line. <c>-o json</c> has all of it.</summary>
internal static class EntryColumns
{
    private const int LongestReason = 60;

    /// <summary>The object, and the grant that it is about.</summary>
    public static string Subject(JournalEntry entry) =>
        entry.Data.Grant is { } grant && !entry.Subject.StartsWith(GrantEntries.SubjectStart, StringComparison.Ordinal)
            ? $"{entry.Subject} ({GrantEntries.SubjectStart}{grant})" : entry.Subject;

    /// <summary>Who caused it.</summary>
    public static string? Actor(JournalEntry entry) => entry.Data is { Actor: null, Unverified: true } ? "(not verified)" : entry.Data.Actor;

    /// <summary>How many events, and the first of them.</summary>
    private static string Requests(IReadOnlyList<SessionEvent> events)
    {
        var first = events[0];
        var resource = first.Subresource is { } part ? $"{first.Resource}/{part}" : first.Resource;
        var name = first.Namespace is { } ns ? $"{ns}/{first.Name}" : first.Name;
        return $"{events.Count} event(s): {string.Join(' ', ((string?[])[first.Verb, resource, name]).Where(t => !string.IsNullOrEmpty(t)))}"
            + (first.Code is >= 400 and var code ? $" ({code})" : "") + (events.Count > 1 ? ", …" : "");
    }

    /// <summary>Why, or what.</summary>
    public static string? Reason(JournalEntry entry)
    {
        var data = entry.Data;
        var text = string.Join(", ", ((IEnumerable<string?>)
        [
            data.Reason,
            data.Generation is { } generation ? $"generation {generation}" : null,
            data.Place,
            data.Residue,
            data.Dropped is { } dropped ? $"{dropped} dropped" : null,
            data.Events is { Count: > 0 } events ? Requests(events) : null,
            data.Recording is { } part ? $"part {part.Part}{(part.Last is true ? ", the last" : "")}: {part.Request}" : null,
            data.Follows is { } before ? $"follows {before}{(data.Note is null ? ", which did not sign this" : "")}" : null,
            data.Objects is { } objects ? $"{objects.Count} object(s)" : null,
            data.Comment,
        ]).Where(t => !string.IsNullOrEmpty(t)));
        if (text.Length <= LongestReason) return text.Length == 0 ? null : text;
        return text[..(char.IsHighSurrogate(text[LongestReason - 2]) ? LongestReason - 2 : LongestReason - 1)] + "…";
    }
}
