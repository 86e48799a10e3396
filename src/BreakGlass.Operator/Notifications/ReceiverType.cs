namespace BreakGlass.Operator.Notifications;

/// <summary>The kinds of receivers.</summary>
internal enum ReceiverType
{
    /// <summary>Any HTTP endpoint, by the Standard Webhooks specification.</summary>
    Webhook,

    /// <summary>A Slack incoming webhook.</summary>
    Slack,

    /// <summary>A Microsoft Teams workflow that posts what it gets.</summary>
    Teams,

    /// <summary>PagerDuty's Events API, version 2.</summary>
    PagerDuty,

    /// <summary>Alertmanager's API, version 2.</summary>
    Alertmanager,
}
