namespace BreakGlass.Operator.Journal;

/// <summary>What is logged of the journal.</summary>
internal static partial class JournalMessages
{
    [LoggerMessage(91, LogLevel.Warning, "the journal cannot be written: {Why}; retrying in {Seconds:0} s. Access is given and ended without it")]
    public static partial void JournalFailed(this ILogger logger, string why, double seconds);

    [LoggerMessage(123, LogLevel.Warning, "failed to append the events of sessions to the journal: {Why}; retrying in {Seconds:0} s. They stay in the spool")]
    public static partial void SpoolNotEmptied(this ILogger logger, string why, double seconds);

    [LoggerMessage(124, LogLevel.Error, "{Path} in the journal's storage is not a file that the operator signed: somebody else put it there or changed it. It "
        + "is not appended to the journal. Find out who can write to the storage, then delete the file")]
    public static partial void SpoolFileRefused(this ILogger logger, string path);

    [LoggerMessage(121, LogLevel.Warning, "the journal cannot be read for a request to its HTTPS endpoint: {Why}; the request was answered with 503")]
    public static partial void JournalNotRead(this ILogger logger, string why);

    [LoggerMessage(122, LogLevel.Information, "the journal is served on port {Port}")]
    public static partial void JournalServed(this ILogger logger, int port);
}
