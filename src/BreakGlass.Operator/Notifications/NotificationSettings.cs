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

/// <summary>A text that shows itself to nobody who only prints it.</summary>
/// <param name="Value">The text.</param>
internal sealed record SecretText(string Value)
{
    /// <inheritdoc/>
    public override string ToString() => "[redacted]";
}

/// <summary>One receiver.</summary>
internal sealed record ReceiverSettings
{
    /// <summary>Its name, for logs.</summary>
    public required string Name { get; init; }

    /// <summary>What it is.</summary>
    public required ReceiverType Type { get; init; }

    /// <summary>Where it is. Whoever knows the URL of a chat's webhook can write there, so it is a secret.</summary>
    public required SecretText Url { get; init; }

    /// <summary>What a webhook's messages are signed with; PagerDuty's routing key. The others have none.</summary>
    public SecretText? Key { get; init; }

    /// <summary>The header Authorization, whole; for webhooks and Alertmanager.</summary>
    public SecretText? Authorization { get; init; }

    /// <summary>Which events it gets, by their reasons.</summary>
    public IReadOnlySet<string> Events { get; init; } = DefaultEvents;

    /// <summary>What a receiver gets that does not say what it wants.</summary>
    public static IReadOnlySet<string> DefaultEvents { get; } =
        new HashSet<string>(StringComparer.Ordinal)
        {
            EventReasons.GrantActivated, EventReasons.GrantDenied, EventReasons.GrantFailed, EventReasons.ReviewOverdue, EventReasons.LockdownEngaged,
            EventReasons.PersistenceAttempt,
        };

    /// <summary>What a receiver can choose; the default ones first.</summary>
    public static IReadOnlySet<string> KnownEvents { get; } = DefaultEvents.Union(EventReasons.All).ToHashSet(StringComparer.Ordinal);
}

/// <summary>Who is notified of what. Printing it shows no secret.</summary>
/// <param name="File">The file it was read from; null where there is none.</param>
/// <param name="Receivers">The receivers.</param>
internal sealed record NotificationSettings(string? File, IReadOnlyList<ReceiverSettings> Receivers)
{
    /// <summary>No receivers.</summary>
    public static NotificationSettings None { get; } = new(null, []);
}
