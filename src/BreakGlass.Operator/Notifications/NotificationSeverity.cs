
namespace BreakGlass.Operator.Notifications;

/// <summary>How loud a notification is, in the words of PagerDuty, which are also those of most alerting.</summary>
internal enum NotificationSeverity
{
    /// <summary>For the record.</summary>
    Info,

    /// <summary>Somebody should know now.</summary>
    Warning,

    /// <summary>Something went wrong.</summary>
    Error,

    /// <summary>Somebody should act now.</summary>
    Critical,
}
