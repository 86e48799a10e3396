namespace BreakGlass.Operator.Sessions;

/// <summary>What is logged of audit events and session records.</summary>
internal static partial class AuditMessages
{
    [LoggerMessage(110, LogLevel.Warning, "refused audit events from {Peer}: {Why}")]
    public static partial void AuditRefused(this ILogger logger, string peer, string why);

    [LoggerMessage(111, LogLevel.Warning, "failed to write the session of grant {Grant}; retrying. Its events are kept in memory until then")]
    public static partial void SessionNotWritten(this ILogger logger, string grant, Exception error);

    [LoggerMessage(112, LogLevel.Warning, "BreakGlassSession {Name} belongs to another grant of that name; waiting until the garbage collector deletes it")]
    public static partial void SessionOfNamesake(this ILogger logger, string name);

    [LoggerMessage(113, LogLevel.Error, "the identity of grant {Grant} (policy {Policy}) used access after it was cut: {Request} (audit ID {AuditId})")]
    public static partial void AccessAfterRevocation(this ILogger logger, string grant, string policy, string request, string auditId);

    [LoggerMessage(114, LogLevel.Warning, "failed to write status.session of grant {Grant}; retrying")]
    public static partial void SessionSummaryNotWritten(this ILogger logger, string grant, Exception error);

    [LoggerMessage(119, LogLevel.Warning, "failed to hand over the events of sessions to the journal: {Why}; retrying in {Seconds:0} s. They are kept "
        + "in memory until then")]
    public static partial void SessionEventsNotHandedOver(this ILogger logger, string why, double seconds);

    [LoggerMessage(120, LogLevel.Error, "dropping events of sessions: more than {MiB} MiB wait for the journal's storage. They are counted, and the journal "
        + "will say how many are missing")]
    public static partial void SessionEventsDropped(this ILogger logger, int miB);

    [LoggerMessage(121, LogLevel.Warning, "refused a report of the gateway: {Why}")]
    public static partial void ReportRefused(this ILogger logger, string why);

    [LoggerMessage(116, LogLevel.Warning, "failed to forward audit events; retrying: {Why}")]
    public static partial void AuditNotForwarded(this ILogger logger, string why);

    [LoggerMessage(117, LogLevel.Warning, "left out a line of the audit log that the operator refused: it is not an audit event")]
    public static partial void AuditLineRefused(this ILogger logger);

    [LoggerMessage(118, LogLevel.Warning, "the file that was read last does not exist any more; starting with the current audit log. Events may be missing")]
    public static partial void AuditLogLost(this ILogger logger);
}
