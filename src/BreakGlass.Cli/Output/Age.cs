namespace BreakGlass.Cli.Output;

/// <summary>Times as kubectl's tables have them.</summary>
internal static class Age
{
    /// <summary>How long ago, e.g. <c>5m</c>, <c>3h</c>, <c>2d</c>.</summary>
    public static string Of(DateTimeOffset? since, DateTimeOffset now)
    {
        if (since is not { } from) return "<unknown>";
        var age = now - from;
        if (age < TimeSpan.Zero) age = TimeSpan.Zero;
        return age switch
        {
            { TotalSeconds: < 120 } => $"{(long)age.TotalSeconds}s",
            { TotalMinutes: < 120 } => $"{(long)age.TotalMinutes}m",
            { TotalHours: < 48 } => $"{(long)age.TotalHours}h",
            _ => $"{(long)age.TotalDays}d",
        };
    }
}
