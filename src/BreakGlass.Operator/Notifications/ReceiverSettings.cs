using BreakGlass.Operator.Outbound;

namespace BreakGlass.Operator.Notifications;

/// <summary>One receiver.</summary>
internal sealed record ReceiverSettings
{
    /// <summary>Its name, for logs.</summary>
    public required string Name { get; init; }

    /// <summary>What it is.</summary>
    public required ReceiverType Type { get; init; }

    /// <summary>Where it is. All who know the URL of a chat's webhook can write there, so it is a secret.</summary>
    public required SecretText Url { get; init; }

    /// <summary>What a webhook's messages are signed with; PagerDuty's routing key. The others have none.</summary>
    public SecretText? Key { get; init; }

    /// <summary>The header Authorization, whole; for webhooks and Alertmanager.</summary>
    public SecretText? Authorization { get; init; }

    /// <summary>Which events it gets, by their reasons.</summary>
    public IReadOnlySet<string> Events { get; init; } = DefaultEvents;

    /// <summary>
    /// Whether it gets the notifications about grants of drills, and must take them. Other receivers get none but the request of a drill that is announced.
    /// </summary>
    public bool Drill { get; init; }

    /// <summary>What a receiver gets that does not say what it wants.</summary>
    public static IReadOnlySet<string> DefaultEvents { get; } =
        new HashSet<string>(StringComparer.Ordinal)
        {
            EventReasons.GrantActivated, EventReasons.GrantDenied, EventReasons.GrantFailed, EventReasons.ReviewOverdue, EventReasons.LockdownEngaged,
            EventReasons.PersistenceAttempt, EventReasons.AccessAfterRevocation, EventReasons.AnomalousActivity, EventReasons.VoucherUsed,
        };

    /// <summary>What a receiver can choose; the default ones first.</summary>
    public static IReadOnlySet<string> KnownEvents { get; } = DefaultEvents.Union(EventReasons.All).ToHashSet(StringComparer.Ordinal);
}
