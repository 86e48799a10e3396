namespace BreakGlass.Operator.Notifications;

/// <summary>What is logged of notifications: names and codes; never a URL, a key or what a receiver answered.</summary>
internal static partial class NotificationLog
{
    [LoggerMessage(70, LogLevel.Information, "notifications go to {Receivers}")]
    public static partial void Notifying(this ILogger logger, string receivers);

    [LoggerMessage(71, LogLevel.Warning, "receiver {Receiver} ({Type}) did not get {Event} of {About}: {Why}; it is not tried again. Check the receiver's entry in the notifications file")]
    public static partial void Undelivered(this ILogger logger, string receiver, string type, string @event, string about, string why);

    [LoggerMessage(72, LogLevel.Warning, "{Waiting} notifications wait for receiver {Receiver} ({Type}), so the oldest, {Event} of {About}, was dropped; {Dropped} so far")]
    public static partial void Dropped(this ILogger logger, int waiting, string receiver, string type, string @event, string about, long dropped);

    [LoggerMessage(73, LogLevel.Debug, "receiver {Receiver} ({Type}) could not take {Event} of {About} at try {Try}: {Why}; it is tried again in {Seconds:0.0} s")]
    public static partial void TryingAgain(this ILogger logger, string receiver, string type, string @event, string about, int @try, string why, double seconds);

    [LoggerMessage(74, LogLevel.Warning, "stopping with {Waiting} notifications for receiver {Receiver} ({Type}) unsent")]
    public static partial void Unsent(this ILogger logger, int waiting, string receiver, string type);
}
