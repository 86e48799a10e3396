namespace BreakGlass.Operator.Sessions;

/// <summary>What is logged of the conclusions from sessions.</summary>
internal static partial class InsightMessages
{
    [LoggerMessage(130, LogLevel.Warning, "failed to compare the session of grant {Grant} with its policy's limits; retrying")]
    public static partial void SessionNotJudged(this ILogger logger, string grant, Exception error);

    [LoggerMessage(131, LogLevel.Warning, "failed to exchange with other replicas how far audit events have arrived; retrying. Until then, no grant ends "
        + "because it is not used unless this replica receives events itself")]
    public static partial void PulseNotShared(this ILogger logger, Exception error);
}
