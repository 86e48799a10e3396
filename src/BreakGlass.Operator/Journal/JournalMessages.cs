namespace BreakGlass.Operator.Journal;

/// <summary>What is logged of the journal.</summary>
internal static partial class JournalMessages
{
    [LoggerMessage(91, LogLevel.Warning, "the journal cannot be written: {Why}; retrying in {Seconds:0} s. Access is given and ended without it")]
    public static partial void JournalFailed(this ILogger logger, string why, double seconds);
}
