using BreakGlass.Core.Journal;

namespace BreakGlass.Cli.Replay;

/// <summary>A recording in words.</summary>
internal static class StreamWords
{
    public static string Duration(JournalRecording stream) => GoDuration.Format(Rounded(stream.Duration));

    /// <summary>To whole seconds, or to tenths if it is short.</summary>
    public static TimeSpan Rounded(TimeSpan duration) =>
        TimeSpan.FromSeconds(Math.Round(duration.TotalSeconds, duration < TimeSpan.FromSeconds(10) ? 1 : 0));

    public static string State(JournalRecording stream) => stream.IsComplete ? "complete" : "cut";

    public static int Number(GrantRecordings recordings, JournalRecording stream) => recordings.Streams.TakeWhile(s => s.Stream != stream.Stream).Count() + 1;

    public static string Size(long bytes) => bytes switch
    {
        < 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.#} KiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0 / 1024.0:0.#} MiB"),
    };
}
