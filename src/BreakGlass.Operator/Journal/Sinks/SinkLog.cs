namespace BreakGlass.Operator.Journal.Sinks;

/// <summary>What is logged of sinks: names and codes; never a URL, a key or what a sink answered.</summary>
internal static partial class SinkLog
{
    [LoggerMessage(110, LogLevel.Information, "copies of the journal go to {Sinks}")]
    public static partial void Copying(this ILogger logger, string sinks);

    [LoggerMessage(111, LogLevel.Warning, "sink {Sink} ({Type}) did not accept {What} of the journal: {Why}; retrying in {Seconds:0} s. "
        + "Check the sink; nothing is skipped")]
    public static partial void NotCopied(this ILogger logger, string sink, string type, string what, string why, double seconds);

    [LoggerMessage(112, LogLevel.Warning, "sink {Sink} waits for the journal's storage: {Why}; retrying in {Seconds:0} s")]
    public static partial void StorageFailed(this ILogger logger, string sink, string why, double seconds);

    [LoggerMessage(113, LogLevel.Warning, "the position of sink {Sink} does not belong to this journal; sending all {Size} entries again")]
    public static partial void SendingAgain(this ILogger logger, string sink, long size);
}
