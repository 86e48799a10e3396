namespace BreakGlass.Core;

/// <summary>Instants as they stand in annotations and sentences: RFC 3339, UTC.</summary>
public static class Timestamp
{
    /// <summary>With milliseconds, as in status fields.</summary>
    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Reads an RFC 3339 time.</summary>
    public static bool TryParse(string? text, out DateTimeOffset time) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);

    /// <summary>The instant a while after another; the end of time where it would lie past it, since a status can be forged to say anything.</summary>
    public static DateTimeOffset After(DateTimeOffset time, TimeSpan span) => span > DateTimeOffset.MaxValue - time ? DateTimeOffset.MaxValue : time + span;

    /// <summary>Cut to whole milliseconds: what status fields can hold, so that what is written reads back the same.</summary>
    public static DateTimeOffset Millis(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMillisecond));
}
