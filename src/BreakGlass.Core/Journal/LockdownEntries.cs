namespace BreakGlass.Core.Journal;

/// <summary>The entries of a lockdown: it is engaged while it exists, and lifted when it is gone.</summary>
public static class LockdownEntries
{
    /// <summary>The start of the subject of a lockdown's entries.</summary>
    public const string SubjectStart = "lockdowns/";

    /// <summary>The entry that says that a lockdown was created.</summary>
    /// <param name="lockdown">The lockdown.</param>
    /// <param name="isVerified">Whether its seal is valid. One without takes effect, but its author is not known.</param>
    /// <param name="seen">Now, in case that it has no time of creation.</param>
    public static JournalEntry Engaged(BreakGlassLockdown lockdown, bool isVerified, DateTimeOffset seen) => new()
    {
        Id = $"{lockdown.Metadata.Uid}/on",
        Type = EntryTypes.LockdownEngaged,
        Source = JournalEntry.Operator,
        Subject = SubjectStart + lockdown.Metadata.Name,
        Time = lockdown.Metadata.CreatedAt ?? seen,
        Data = new()
        {
            Actor = isVerified ? EntryText.Short(lockdown.Spec.By?.Username) : null,
            Unverified = isVerified ? null : true,
            Seen = lockdown.Metadata.CreatedAt is null ? true : null,
            Comment = EntryText.Short(lockdown.Spec.Reason, EntryText.LongestComment),
            Selector = EntryText.Short(Text(lockdown.Spec.PolicySelector)),
        },
    };

    /// <summary>The entry that says that a lockdown is gone.</summary>
    /// <param name="uid">Its UID.</param>
    /// <param name="name">Its name.</param>
    /// <param name="seen">When the operator saw that it is gone.</param>
    public static JournalEntry Lifted(string uid, string name, DateTimeOffset seen) => new()
    {
        Id = $"{uid}/off",
        Type = EntryTypes.LockdownLifted,
        Source = JournalEntry.Operator,
        Subject = SubjectStart + name,
        Time = seen,
        Data = new() { Seen = true },
    };

    /// <summary>A selector as kubectl takes it.</summary>
    internal static string Text(LabelSelector? selector) => string.Join(",", (selector?.MatchLabels ?? new Dictionary<string, string>())
        .OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}")
        .Concat((selector?.MatchExpressions ?? []).Select(e => e.Operator switch
        {
            "In" => $"{e.Key} in ({string.Join(",", e.Values)})",
            "NotIn" => $"{e.Key} notin ({string.Join(",", e.Values)})",
            "Exists" => e.Key,
            "DoesNotExist" => $"!{e.Key}",
            _ => $"{e.Key} {e.Operator} ({string.Join(",", e.Values)})",
        })));
}
