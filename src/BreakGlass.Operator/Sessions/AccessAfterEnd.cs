using BreakGlass.Core.Sessions;

namespace BreakGlass.Operator.Sessions;

/// <summary>
/// Reports requests of grants' identities that succeeded after access was cut. The first of a grant have events of their own; all are counted and logged.
/// Thread-safe.
/// </summary>
internal sealed class AccessAfterEnd(ClusterCaches caches, Announcer announcer, OperatorMetrics metrics, ILogger logger)
{
    private const int MostEvents = 5;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _events = [];

    /// <summary>Reports a request that must not have succeeded.</summary>
    public void Report(AuditEvent happened, Attributed whose)
    {
        var grant = whose.Grant;
        var request = SessionRows.Describe(happened);
        metrics.AccessAfterRevocation();
        logger.AccessAfterRevocation(grant.Metadata.Name, grant.Spec.Policy, request, happened.AuditId);
        lock (_lock)
        {
            var events = _events.GetValueOrDefault(grant.Metadata.Uid ?? "");
            if (events >= MostEvents) return;
            _events[grant.Metadata.Uid ?? ""] = events + 1;
        }

        announcer.Announce(grant, caches.Policy(grant.Spec.Policy), new(true, EventReasons.AccessAfterRevocation, EventActions.Observe,
            $"The grant's identity used access after it was cut{ByToken(whose)}: {request} succeeded at "
            + $"{Timestamp.Text(happened.ReceivedAt)}, and access ended at "
            + $"{Timestamp.Text(grant.Status.EndedAt ?? default)}.") { Distinct = request });
    }

    /// <summary>Nothing more comes of this grant: it is gone.</summary>
    public void Forget(string uid)
    {
        lock (_lock) _events.Remove(uid);
    }

    private static string ByToken(Attributed whose) => whose.TokenOf.Length == 0 ? "" : $", with a token of {whose.TokenOf} that it had created";
}
