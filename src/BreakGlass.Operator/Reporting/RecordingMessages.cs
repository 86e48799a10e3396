namespace BreakGlass.Operator.Reporting;

/// <summary>What is logged of recordings.</summary>
internal static partial class RecordingMessages
{
    [LoggerMessage(240, LogLevel.Warning, "failed to store part {Part} of the recording {Stream} of grant {Grant}: {Why}. The gateway tries again")]
    public static partial void RecordingNotStored(this ILogger logger, string grant, string stream, int part, string why);

    [LoggerMessage(241, LogLevel.Warning, "refused a part of a recording: {Why}")]
    public static partial void RecordingRefused(this ILogger logger, string why);
}
