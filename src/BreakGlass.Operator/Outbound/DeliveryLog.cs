namespace BreakGlass.Operator.Outbound;

/// <summary>What is logged of deliveries: names and codes; never a URL, a key or what a receiver answered.</summary>
internal static partial class DeliveryLog
{
    [LoggerMessage(71, LogLevel.Warning, "receiver {Receiver} ({Type}) did not accept {What}: {Why}; not retrying. Check the receiver's configuration")]
    public static partial void Undelivered(this ILogger logger, string receiver, string type, string what, string why);

    [LoggerMessage(72, LogLevel.Warning, "{Waiting} deliveries wait for receiver {Receiver} ({Type}); dropped the oldest, {What} ({Dropped} dropped so far)")]
    public static partial void Dropped(this ILogger logger, int waiting, string receiver, string type, string what, long dropped);

    [LoggerMessage(73, LogLevel.Debug, "receiver {Receiver} ({Type}) did not accept {What} at attempt {Try}: {Why}; retrying in {Seconds:0.0} s")]
    public static partial void TryingAgain(this ILogger logger, string receiver, string type, string what, int @try, string why, double seconds);

    [LoggerMessage(74, LogLevel.Warning, "stopping with {Waiting} deliveries to receiver {Receiver} ({Type}) unsent")]
    public static partial void Unsent(this ILogger logger, int waiting, string receiver, string type);
}
