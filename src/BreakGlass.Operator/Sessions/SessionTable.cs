namespace BreakGlass.Operator.Sessions;

/// <summary>The sessions in the memory of this replica. Not thread-safe.</summary>
internal sealed class SessionTable(ClusterCaches caches, string observer, TimeProvider time)
{
    /// <summary>The time between two writes of a session of which only the time of the last use has changed; less if the idle timeout is short.</summary>
    internal static readonly TimeSpan UsePeriod = TimeSpan.FromSeconds(10);

    /// <summary>The most rows in memory before sessions that are written and at rest are dropped; they are read again when a further event comes.</summary>
    internal const int MostRows = 50_000;

    private readonly Dictionary<string, Session> _sessions = [];

    /// <summary>The session of a grant, of which an event came.</summary>
    public Session Of(BreakGlassGrant grant)
    {
        var uid = grant.Metadata.Uid ?? "";
        if (!_sessions.TryGetValue(uid, out var session)) _sessions[uid] = session = new(grant, observer);
        (session.Grant, session.TouchedAt) = (grant, time.GetTimestamp());
        return session;
    }

    /// <summary>The sessions that are to be written now.</summary>
    /// <param name="all">Whether to write every change, because there is no later time.</param>
    public IReadOnlyList<Session> Due(bool all) =>
        [.. _sessions.Values.Where(s => s.IsDirty || (s.IsUsed && (all || time.GetElapsedTime(s.WrittenAt) >= UsePeriodOf(s))))];

    /// <summary>Drops the sessions of grants that are gone, and the longest at rest where there are too many rows.</summary>
    /// <returns>The UIDs of the grants that are gone.</returns>
    public IReadOnlyList<string> Trim()
    {
        List<string> gone = [.. _sessions.Values.Where(s => !s.IsKnownTo(caches)).Select(s => s.Uid)];
        foreach (var uid in gone) _sessions.Remove(uid);
        var rows = _sessions.Values.Sum(s => s.Record.Rows + 1);
        if (rows <= MostRows) return gone;
        foreach (var resting in _sessions.Values.Where(s => !s.IsDirty && !s.IsUsed && s.Record.Totals.OpenStreams == 0).OrderBy(s => s.TouchedAt).ToList())
        {
            _sessions.Remove(resting.Uid);
            rows -= resting.Record.Rows + 1;
            if (rows <= MostRows) break;
        }

        return gone;
    }

    private TimeSpan UsePeriodOf(Session session) =>
        GoDuration.TryParse(caches.Policy(session.Grant.Spec.Policy)?.Spec.IdleTimeout, out var idle) && idle / 4 < UsePeriod ? idle / 4 : UsePeriod;
}
