using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Lifecycle;

/// <summary>
/// The end of access that nobody uses. That nobody used it is concluded only from events: one of any kind that is later than the end and has arrived shows
/// that a use before it would have arrived, too. While no events arrive, nothing ends.
/// </summary>
internal static class IdleUse
{
    /// <summary>How soon it is looked again for an event that is later than the end.</summary>
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);

    /// <summary>The same while no events arrive.</summary>
    private static readonly TimeSpan SilentRetry = TimeSpan.FromSeconds(5);

    /// <summary>Why the grant ends now; null if it does not.</summary>
    public static Ending? Ending(GrantFacts facts, BreakGlassGrant grant, BreakGlassPolicy policy)
    {
        if (Confirmed(facts, grant) is not { } at || facts.Now < at || !(facts.Audit?.LastEventAt >= at)) return null;
        return new(EndReason.Idle, GrantStatuses.Operator, EndMessages.Idle(policy.Spec.IdleTimeout!, facts.LastUse));
    }

    /// <summary>When to look again because of it; null for never.</summary>
    public static DateTimeOffset? LookAgainAt(GrantFacts facts, BreakGlassGrant grant)
    {
        if (!IsWatched(facts, grant)) return null;
        var again = facts.Now + (facts.Audit!.Arrives(facts.Now) is true ? Retry : SilentRetry);
        var end = Confirmed(facts, grant) is { } at ? at > facts.Now ? at : again : (DateTimeOffset?)null;
        var silent = facts.Audit.SilentAt > facts.Now ? facts.Audit.SilentAt : again;
        return end < silent ? end : silent;
    }

    /// <summary>The conditions with what is known of the events; absent if nothing depends on them.</summary>
    public static IReadOnlyList<Condition> Observed(
        IReadOnlyList<Condition> conditions, AuditArrival audit, long? generation, DateTimeOffset now) => audit.Arrives(now) switch
        {
            true => conditions.With(
                GrantConditions.Observed, true, GrantConditions.EventsArrive, SessionMessages.EventsArrive(audit.IsByGateway), generation, now),
            false => conditions.With(
                GrantConditions.Observed, false, GrantConditions.NoEvents, SessionMessages.NoEvents(audit.IsByGateway, audit.LastEventAt), generation, now),

            // An operator that has just started says nothing against what the one before it knew.
            null when Conditions.Find(conditions, GrantConditions.Observed) is not null => conditions,
            null => conditions.With(
                GrantConditions.Observed, null, GrantConditions.NoEventYet, SessionMessages.NoEventYet(audit.IsByGateway), generation, now),
        };

    /// <summary>The same for a grant.</summary>
    public static IReadOnlyList<Condition> Observed(IReadOnlyList<Condition> conditions, GrantFacts facts, BreakGlassGrant grant) =>
        IsWatched(facts, grant) ? Observed(conditions, facts.Audit!, grant.Metadata.Generation, facts.Now) : conditions;

    private static bool IsWatched(GrantFacts facts, BreakGlassGrant grant) =>
        facts.Audit is not null && grant.Status.Phase is GrantPhase.Active && facts.Policy?.Spec.IdleTimeout is not null;

    /// <summary>The end if an event shows that nobody used the grant; null if it ends otherwise before.</summary>
    private static DateTimeOffset? Confirmed(GrantFacts facts, BreakGlassGrant grant) =>
        grant.Status.Phase is GrantPhase.Active && facts.IdleEnd is { By: EndLimit.Idle } end ? end.At : null;
}
