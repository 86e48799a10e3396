using BreakGlass.Core.Sessions;

namespace BreakGlass.Core.Lifecycle;

/// <summary>Whether the API server's audit events, or the reports of the gateway, arrive at any replica of the operator.</summary>
/// <param name="Since">Since when the operator listens.</param>
/// <param name="LastEventAt">
/// The time of the latest event of any kind, by the clock of its API server; null if none has arrived. What arrived before it, or together with it, is counted
/// in the sessions already.
/// </param>
public sealed record AuditArrival(DateTimeOffset Since, DateTimeOffset? LastEventAt)
{
    /// <summary>Whether it is about what the gateway reports.</summary>
    public bool IsByGateway { get; init; }

    /// <summary>After this time without an event, none arrives. Even an idle cluster renews its leases every few seconds.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromMinutes(2);

    /// <summary>When the events are called silent if none arrives.</summary>
    public DateTimeOffset SilentAt => Timestamp.After(LastEventAt > Since ? LastEventAt.Value : Since, Silence);

    /// <summary>Whether events arrive; null if the operator has not listened for long enough to know.</summary>
    public bool? Arrives(DateTimeOffset now) => now >= SilentAt ? false : LastEventAt is null ? null : true;

    /// <summary>
    /// What an event shows that arrives now: its own time, but nothing has happened after it arrived. If the clock of its API server is ahead, it shows only
    /// that what happened a while ago has arrived, because what happened since then can still wait in a batch.
    /// </summary>
    /// <param name="at">The time of the event.</param>
    /// <param name="now">When it arrived.</param>
    public static DateTimeOffset Believed(DateTimeOffset at, DateTimeOffset now) =>
        at <= now ? at : at <= now + AfterEnd.Margin ? now : now - AfterEnd.EstimatedMargin;
}
