namespace BreakGlass.Operator.Notifications;

/// <summary>What is logged of notifications as a whole; <see cref="Outbound.DeliveryLog"/> has what is logged of each.</summary>
internal static partial class NotificationLog
{
    [LoggerMessage(70, LogLevel.Information, "notifications go to {Receivers}")]
    public static partial void Notifying(this ILogger logger, string receivers);
}
