namespace BreakGlass.Operator.Notifications;

/// <summary>Who is notified of what. Printing it shows no secret.</summary>
/// <param name="File">The file it was read from; null where there is none.</param>
/// <param name="Receivers">The receivers.</param>
internal sealed record NotificationSettings(string? File, IReadOnlyList<ReceiverSettings> Receivers)
{
    /// <summary>No receivers.</summary>
    public static NotificationSettings None { get; } = new(null, []);
}
