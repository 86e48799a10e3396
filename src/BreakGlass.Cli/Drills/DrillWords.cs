namespace BreakGlass.Cli.Drills;

/// <summary>Runs of drills in words.</summary>
internal static class DrillWords
{
    public static Cell Result(DrillResult result) => new(result.ToString(), result switch
    {
        DrillResult.Passed => Tone.Good,
        DrillResult.Failed => Tone.Bad,
        DrillResult.Running => Tone.Waiting,
        _ => Tone.Faint,
    });

    /// <summary>A phase that is over, in one line.</summary>
    public static string Phase(DrillPhase phase) => $"{phase.Name,-14}{phase.Result,-9}{phase.Took,-10}{phase.Message}".TrimEnd();

    /// <summary>The end of a run, in one line.</summary>
    public static string End(string drill, DrillRun run)
    {
        (string What, string? Took)[] times = [("access", run.TimeToAccess), ("denial", run.TimeToDenial), ("proof", run.ProofOfEnd)];
        var known = string.Join(", ", times.Where(t => t.Took is not null).Select(t => $"{t.What} {t.Took}"));
        var word = run.Result is DrillResult.Passed ? "passed" : $"failed ({run.Reason})";
        return known.Length == 0 ? $"drill '{drill}' {word}" : $"drill '{drill}' {word}: {known}";
    }

    /// <summary>Seconds of a time in a run; null if it has none.</summary>
    public static double? Seconds(string? took) => GoDuration.TryParse(took, out var time) ? time.TotalSeconds : null;
}
