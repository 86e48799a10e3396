namespace BreakGlass.Core.Journal;

/// <summary>The entries of a drill: one for each run that has ended, and one when the drill is gone.</summary>
public static class DrillEntries
{
    /// <summary>The start of the subject of a drill's entries.</summary>
    public const string SubjectStart = "drills/";

    private const string IdStart = "/run-";

    /// <summary>The entry of a run that has ended.</summary>
    /// <param name="drill">The drill.</param>
    /// <param name="run">The run.</param>
    public static JournalEntry Of(BreakGlassDrill drill, DrillRun run) => new()
    {
        Id = $"{drill.Metadata.Uid}{IdStart}{run.Id}",
        Type = run.Result is DrillResult.Passed ? EntryTypes.DrillPassed : EntryTypes.DrillFailed,
        Source = JournalEntry.Operator,
        Subject = SubjectStart + drill.Metadata.Name,
        Time = run.FinishedAt ?? run.StartedAt,
        Data = new()
        {
            Policy = EntryText.Short(run.Policy),
            Reason = EntryText.Short(run.Reason),
            Comment = EntryText.Short(Text(run), EntryText.LongestComment),
        },
    };

    /// <summary>The entry that says that a drill is gone.</summary>
    /// <param name="uid">Its UID.</param>
    /// <param name="name">Its name.</param>
    /// <param name="seen">When the operator saw that it is gone.</param>
    public static JournalEntry Deleted(string uid, string name, DateTimeOffset seen) => new()
    {
        Id = $"{uid}/deleted",
        Type = EntryTypes.DrillDeleted,
        Source = JournalEntry.Operator,
        Subject = SubjectStart + name,
        Time = seen,
        Data = new() { Seen = true },
    };

    /// <summary>A number of a run that is greater than those of all earlier runs of its drill; 0 if the id is not that of a run.</summary>
    /// <param name="id">The id of a run, or of its entry.</param>
    public static long NumberOf(string id)
    {
        var run = id.LastIndexOf(IdStart, StringComparison.Ordinal) is >= 0 and var at ? id[(at + IdStart.Length)..] : id;
        return long.TryParse(run.Replace("-", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }

    private static string Text(DrillRun run)
    {
        (string What, string? Took)[] times = [("access", run.TimeToAccess), ("denial", run.TimeToDenial), ("proof", run.ProofOfEnd)];
        return string.Join(' ', (string[])
        [
            $"grant {run.Grant}", .. run.End is DrillEnd.Expire ? (string[])["end Expire"] : [],
            .. times.Where(t => t.Took is not null).Select(t => $"{t.What} {t.Took}"), .. run.Failures,
        ]);
    }
}
