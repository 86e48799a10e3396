namespace BreakGlass.Core.Sessions;

/// <summary>
/// What one replica counts of a session, without what another replica has counted: an API server that gets no answer posts its batch again, and the second
/// post can reach another replica. Each replica writes the IDs of its last requests next to its counts. The replica that writes second finds its IDs among
/// those of the first in the answer, and takes its own counts of these requests back. Not thread-safe.
/// </summary>
/// <param name="observer">The replica.</param>
public sealed class SharedRecord(string observer)
{
    /// <summary>How long the ID of a request is written: an API server gives a batch up sooner than that.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromMinutes(3);

    /// <summary>The most IDs that are written.</summary>
    public const int MostRecent = 200;

    /// <summary>The most requests between two writes that can be taken back; earlier ones stay counted.</summary>
    public const int MostFresh = 1000;

    private readonly Queue<(string Id, DateTimeOffset At)> _recent = new();
    private readonly List<Counted> _fresh = [];
    private SessionRecord _record = new(observer);
    private SessionStatus _settled = new();
    private SessionStatus _written = new();
    private DateTimeOffset? _usedAt;
    private int _sent;

    /// <summary>The totals.</summary>
    public SessionSummary Totals => _record.Totals;

    /// <summary>How many rows there are.</summary>
    public int Rows => _record.Rows;

    /// <summary>Counts what an event says of its request.</summary>
    /// <param name="id">The ID of the request (<see cref="RequestLedger.IdOf"/>).</param>
    /// <param name="happened">The event.</param>
    /// <param name="step">What it says that was not known before.</param>
    /// <param name="whose">Whose request it is.</param>
    /// <param name="now">The time.</param>
    public void Count(string id, AuditEvent happened, RequestStep step, Attributed whose, DateTimeOffset now)
    {
        var counted = new Counted(id, happened, step, whose.ByName, whose.TokenOf);
        counted.In(_record);
        if (step is not (RequestStep.Closed or RequestStep.ClosedElsewhere)) _recent.Enqueue((counted.Id, now));
        if (_recent.Count > MostRecent) _recent.Dequeue();
        if (_fresh.Count == MostFresh) SettleAll();
        _fresh.Add(counted);
    }

    /// <summary>The grant was used, by no request that is counted for it.</summary>
    public void Use(DateTimeOffset at)
    {
        if (!(_usedAt >= at)) _usedAt = at;
        _record.Use(at);
    }

    /// <summary>Takes over what is written of the session: this replica's part of it, if there is one, and how much room others have left.</summary>
    /// <param name="stored">What is written.</param>
    public void Restore(SessionStatus stored)
    {
        var settled = Settled();
        settled.Restore(stored);
        _settled = settled.Own();
        _record.Restore(stored);
    }

    /// <summary>What this replica says of the session, to be written.</summary>
    /// <param name="grant">The grant.</param>
    /// <param name="now">The time.</param>
    public SessionStatus Status(BreakGlassGrant grant, DateTimeOffset now)
    {
        while (_recent.TryPeek(out var oldest) && now - oldest.At > Remembered) _recent.Dequeue();
        _sent = _fresh.Count;
        var status = _record.Status(grant);
        _written = status;
        return status with { Parts = [status.Parts[0] with { Recent = [.. _recent.Select(r => r.Id)] }] };
    }

    /// <summary>
    /// Takes the answer to what was written last: the whole session. True if another replica had written some of its requests before, so that this replica's
    /// part is other than what was written.
    /// </summary>
    /// <param name="stored">The session as the API server has it now.</param>
    public bool Settle(SessionStatus stored)
    {
        var others = stored.Parts.Where(p => p.Observer != observer).SelectMany(p => p.Recent).ToHashSet(StringComparer.Ordinal);
        var twice = _fresh.Take(_sent).Select(c => c.Id).Where(others.Contains).ToHashSet(StringComparer.Ordinal);
        var written = _fresh[.._sent];
        _fresh.RemoveRange(0, _sent);
        _sent = 0;
        if (twice.Count == 0)
        {
            _settled = _written;
        }
        else
        {
            var record = With(Settled(), written.Where(c => !twice.Contains(c.Id)));
            _settled = record.Own();
            _record = With(record, _fresh);
            if (_usedAt is { } used) _record.Use(used);
            var kept = _recent.Where(r => !twice.Contains(r.Id)).ToList();
            _recent.Clear();
            foreach (var one in kept) _recent.Enqueue(one);
        }

        _record.SeeOthers(stored);
        return twice.Count > 0;
    }

    /// <summary>
    /// The answer to what was written last did not come. It stays counted: whether another replica was first cannot be known any more, and no request must be
    /// lost.
    /// </summary>
    public void SettleAll()
    {
        _settled = _record.Own();
        _written = _settled; // an answer that comes yet must not set this back
        _fresh.Clear();
        _sent = 0;
    }

    private SessionRecord Settled()
    {
        var record = new SessionRecord(observer);
        record.Take(_settled);
        return record;
    }

    private static SessionRecord With(SessionRecord record, IEnumerable<Counted> more)
    {
        foreach (var counted in more) counted.In(record);
        return record;
    }

    /// <summary>An event that was counted, and can be taken back.</summary>
    private sealed record Counted(string Id, AuditEvent Event, RequestStep Step, bool ByName, string TokenOf)
    {
        public void In(SessionRecord record)
        {
            // A watch of a program that has such a token would keep the grant in use for ever.
            var isPerson = TokenOf.Length == 0;
            if (Step is RequestStep.Closed or RequestStep.ClosedElsewhere)
            {
                if (isPerson && Step is RequestStep.Closed) record.Close(Event.At);
                else if (isPerson) record.Use(Event.At);
                return;
            }

            record.Add(Event, ByName, TokenOf);
            if (isPerson && Step is RequestStep.Opened) record.Open();
        }
    }
}
