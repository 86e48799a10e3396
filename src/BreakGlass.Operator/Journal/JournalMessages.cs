namespace BreakGlass.Operator.Journal;

/// <summary>What is logged of the journal.</summary>
internal static partial class JournalMessages
{
    [LoggerMessage(91, LogLevel.Warning, "the journal cannot be written: {Why}; retrying in {Seconds:0} s. Access is given and ended without it")]
    public static partial void JournalFailed(this ILogger logger, string why, double seconds);

    [LoggerMessage(121, LogLevel.Warning, "the journal cannot be read for a request to its HTTPS endpoint: {Why}; the request was answered with 503")]
    public static partial void JournalNotRead(this ILogger logger, string why);

    [LoggerMessage(122, LogLevel.Information, "the journal is served on port {Port}")]
    public static partial void JournalServed(this ILogger logger, int port);
}
