
namespace BreakGlass.Operator.Notifications;

/// <summary>One thing that happened, as people outside the cluster are told of it. It holds what was written by users: nothing of it is markup.</summary>
internal sealed record Notification
{
    /// <summary>The same at every try, so that a receiver can tell a repetition.</summary>
    public required string Id { get; init; }

    /// <summary>The event's reason, for example <c>GrantActivated</c>.</summary>
    public required string Event { get; init; }

    /// <summary>How loud it is.</summary>
    public required NotificationSeverity Severity { get; init; }

    /// <summary>When it happened.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The cluster's name.</summary>
    public required string Cluster { get; init; }

    /// <summary>What happened, a sentence or two.</summary>
    public required string Text { get; init; }

    /// <summary>The kind of the object it is about.</summary>
    public required string Kind { get; init; }

    /// <summary>The name of the object it is about.</summary>
    public required string Name { get; init; }

    /// <summary>The UID of the object it is about.</summary>
    public string? Uid { get; init; }

    /// <summary>The policy, where one plays a part.</summary>
    public string? Policy { get; init; }

    /// <summary>Who has or wants access; for a lockdown, who made it.</summary>
    public string? Who { get; init; }

    /// <summary>Why, in that person's words.</summary>
    public string? Justification { get; init; }

    /// <summary>The ticket, where one was named.</summary>
    public string? Ticket { get; init; }

    /// <summary>When the access ends, where there is any.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The drill, if it is about the grant of one.</summary>
    public string? Drill { get; init; }

    /// <summary>Whether it is the request of a drill that people must approve: then it is for receivers that are not for drills as well.</summary>
    public bool IsAnnounced { get; init; }

    /// <summary>What belongs together: the same event of the same object.</summary>
    public string Key => $"{Cluster}/{Event}/{Kind}/{Name}/{Uid}";

    /// <summary>Of what happened to a grant, a policy or a lockdown.</summary>
    public static Notification Of(IKubernetesObject<V1ObjectMeta> about, GrantEvent happened, string cluster, DateTimeOffset now)
    {
        var (grant, lockdown) = (about as BreakGlassGrant, about as BreakGlassLockdown);
        var who = grant?.Spec.Requester ?? lockdown?.Spec.By;
        return new()
        {
            Id = Guid.NewGuid().ToString("N"),
            Event = happened.Reason,
            Severity = SeverityOf(happened),
            At = now,
            Cluster = cluster,
            Text = happened.Text,
            Kind = about.KindName,
            Name = about.Metadata.Name,
            Uid = about.Metadata.Uid,
            Policy = about is BreakGlassPolicy ? about.Metadata.Name : Named(grant?.Spec.Policy),
            Who = Callers.IsNamed(who) || lockdown?.Spec.By is not null ? Callers.Shown(who) : null,
            Justification = Named(grant?.Spec.Justification) ?? lockdown?.Spec.Reason,
            Ticket = grant?.Spec.Ticket,
            ExpiresAt = grant?.Status.Phase is GrantPhase.Active ? grant.Status.ExpiresAt : null,
        };
    }

    /// <summary>A grant that is gone is known by its name alone.</summary>
    private static string? Named(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static NotificationSeverity SeverityOf(GrantEvent happened) => happened.Reason switch
    {
        EventReasons.PersistenceAttempt or EventReasons.LockdownEngaged or EventReasons.AccessAfterRevocation or EventReasons.VoucherUsed
            => NotificationSeverity.Critical,
        EventReasons.GrantFailed => NotificationSeverity.Error,
        EventReasons.GrantDenied => NotificationSeverity.Info,
        EventReasons.GrantActivated => NotificationSeverity.Warning,
        _ => happened.Warning ? NotificationSeverity.Warning : NotificationSeverity.Info,
    };
}
