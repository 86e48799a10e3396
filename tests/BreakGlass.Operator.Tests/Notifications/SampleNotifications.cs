using BreakGlass.Operator.Notifications;
using TestKit;

namespace BreakGlass.Operator.Tests.Notifications;

/// <summary>Notifications as the tests send them.</summary>
internal static class SampleNotifications
{
    public static readonly DateTimeOffset Now = FakeClock.DefaultStart;

    public static Notification Activation(string id = "1", string justification = "checkout returns 5xx, need to roll back") => new()
    {
        Id = id, Event = "GrantActivated", Severity = NotificationSeverity.Warning, At = Now, Cluster = "prod eu", Kind = "BreakGlassGrant", Name = "inc-4711",
        Uid = "u-1",
        Text = "alice has access until 2026-11-22T01:32:03Z: ClusterRole/edit in 1 place(s).", Policy = "payments-oncall", Who = "alice",
        Justification = justification, Ticket = "INC-4711",
        ExpiresAt = Now + TimeSpan.FromMinutes(30),
    };

    public static Notification Lockdown { get; } = new()
    {
        Id = "2", Event = "LockdownEngaged", Severity = NotificationSeverity.Critical, At = Now, Cluster = "prod eu", Kind = "BreakGlassLockdown",
        Name = "token-leaked", Uid = "u-2",
        Text = "carol locked down everything: token leaked. 3 grant(s) in the scope were active.", Who = "carol", Justification = "token leaked",
    };
}
