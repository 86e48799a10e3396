using BreakGlass.Core.Sessions;
using BreakGlass.Operator.Guard;

namespace BreakGlass.Operator.Sessions;

/// <summary>
/// Counts audit events in memory and writes what it counted to the BreakGlassSessions, every few seconds and once at the end of the process. Each replica has
/// rows of its own, so that none needs another or the leader.
/// </summary>
internal sealed class SessionBook
{
    /// <summary>The time between two writes of one session.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    /// <summary>After this time, an event is counted as late.</summary>
    internal static readonly TimeSpan LateAfter = TimeSpan.FromMinutes(1);

    /// <summary>How long after the end of a grant its open streams are reported: their ends may still be on the way.</summary>
    internal static readonly TimeSpan StreamsAfter = TimeSpan.FromSeconds(15);

    /// <summary>The most rows in memory before sessions that are written and at rest are dropped; they are read again when a further event comes.</summary>
    internal const int MostRows = 50_000;

    /// <summary>The time between two writes of a session of which only the time of the last use has changed; less if the idle timeout is short.</summary>
    internal static readonly TimeSpan UsePeriod = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LastFlush = TimeSpan.FromSeconds(3);
    private const int AtOnce = 8;
    private const int MostTold = 5;

    // A token can create another one, and that one a third.
    private const int MostGenerations = 4;

    private readonly Lock _lock = new();
    private readonly KubeClient _client;
    private readonly SessionStore _store;
    private readonly ClusterCaches _caches;
    private readonly CoreSettings _settings;
    private readonly ResidueWriter _residue;
    private readonly Announcer _announcer;
    private readonly OperatorMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _observer;
    private readonly Dictionary<string, Session> _sessions = [];
    private readonly Dictionary<string, int> _told = [];
    private readonly RequestLedger _ledger = new();
    private readonly NamelessRequests _nameless = new();
    private readonly SessionTranscript? _transcript;
    private volatile MintedTokens _tokens = MintedTokens.None;
    private volatile SessionNames? _names;
    private int _version;
    private long _reportedUntil;
    private volatile bool _closed;

    public SessionBook(
        KubeClient client, ClusterCaches caches, CoreSettings settings, ResidueWriter residue, Announcer announcer, OperatorMetrics metrics, string identity,
        TimeProvider time, ILogger logger, SessionTranscript? transcript = null)
    {
        (_client, _caches, _settings, _residue, _announcer, _metrics) = (client.WithOwnConnection(), caches, settings, residue, announcer, metrics);
        (_time, _logger, _observer, _transcript) = (time, logger, ObserverOf(identity), transcript);
        _store = new(_client, _observer);
        caches.Grants.AddHandler(_ => Interlocked.Increment(ref _version));
        caches.Sessions?.AddHandler(change => Learn(change.Kind is ChangeKind.Deleted ? [] : MintedTokens.Of(change.Object)));
    }

    /// <summary>Whether events can be counted: whose they are is known, and what is counted will be written.</summary>
    public bool IsOpen => _caches.HasSynced && !_closed;

    /// <summary>Up to when the gateway has reported everything to this replica; null if it has reported nothing.</summary>
    public DateTimeOffset? ReportedUntil => Interlocked.Read(ref _reportedUntil) is var ticks and > 0 ? new(ticks, TimeSpan.Zero) : null;

    /// <summary>The name of this process in what it writes. A process that starts again has another one, and leaves what it wrote before as it is.</summary>
    internal static string ObserverOf(string identity) => identity.Length <= 63 ? identity : $"{identity[..30]}{identity[^33..]}";

    /// <summary>Counts the events of a body, all of them or none. False: none, because this replica stops.</summary>
    /// <exception cref="FormatException">The body is not audit events.</exception>
    public bool Take(ReadOnlySpan<byte> body)
    {
        var names = NamesNow();
        var post = AuditReader.Read(body, names.Door);

        // The uses of a token can be in the body that says that it was created.
        for (var i = 0; i < MostGenerations && Learn(Issued(post, names)); i++) (names, post) = AgainWith(body);
        List<(AuditEvent Event, Attributed Whose)> alarms = [];
        Dictionary<string, int> results = [];
        lock (_lock)
        {
            if (_closed) return false;
            foreach (var happened in post.Events)
            {
                var result = Count(happened, names, alarms);
                results[result] = results.GetValueOrDefault(result) + 1;
            }
        }

        _metrics.AuditEvents(AuditResults.Foreign, post.Foreign);
        foreach (var (result, count) in results) _metrics.AuditEvents(result, count);
        if (post.LastAt is { } at) _metrics.AuditSeen(AuditArrival.Believed(at, _time.GetUtcNow()));
        foreach (var (happened, whose) in alarms) Alarm(happened, whose);
        return true;
    }

    /// <summary>
    /// Counts what the gateway reports, all of it or nothing. False: nothing, because this replica stops. Only what grants with the path Gateway did is taken.
    /// </summary>
    /// <param name="body">The events.</param>
    /// <param name="until">Up to when the gateway has reported everything, this body included; null if it does not say.</param>
    /// <exception cref="FormatException">The body is not audit events.</exception>
    public bool TakeReport(ReadOnlySpan<byte> body, DateTimeOffset? until)
    {
        var names = NamesNow();
        var post = AuditReader.Read(body, names.Door, isReport: true);
        List<(AuditEvent Event, Attributed Whose)> alarms = [];
        lock (_lock)
        {
            if (_closed) return false;
            foreach (var happened in post.Events)
            {
                if (happened.Stage is not "RequestReceived"
                    && Whose(happened, names) is { ByName: false, TokenOf.Length: 0, Grant.Status.Path: SessionPath.Gateway } whose)
                {
                    CountReported(happened, whose, alarms);
                }
            }
        }

        if (until is { } at) Reported(AuditArrival.Believed(at, _time.GetUtcNow()));
        foreach (var (happened, whose) in alarms) Alarm(happened, whose);
        return true;
    }

    /// <summary>Writes until cancelled, and then once more.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var transcribing = _transcript?.RunAsync(cancellationToken) ?? Task.CompletedTask;
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(Period, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!cancellationToken.IsCancellationRequested) await FlushAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        lock (_lock) _closed = true;
        using var patience = new CancellationTokenSource(LastFlush, _time);
        await Task.WhenAll(FlushAsync(patience.Token), EndTranscriptAsync(transcribing, patience.Token))
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _client.Dispose();
    }

    /// <summary>Writes what was counted since the last time.</summary>
    internal async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (!_caches.HasSynced) return;
        List<Session> dirty;
        lock (_lock)
        {
            ReportStreams();
            foreach (var (id, happened, whose) in _nameless.TakeDue(_time, all: _closed)) CountNew(id, happened, RequestStep.Done, whose);
            Forget();
            dirty = [.. _sessions.Values.Where(s => s.IsDirty || (s.IsUsed && (_closed || _time.GetElapsedTime(s.WrittenAt) >= UsePeriodOf(s))))];
        }

        await Parallel.ForEachAsync(dirty, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, WriteAsync);
    }

    private TimeSpan UsePeriodOf(Session session) =>
        GoDuration.TryParse(_caches.Policy(session.Grant.Spec.Policy)?.Spec.IdleTimeout, out var idle) && idle / 4 < UsePeriod ? idle / 4 : UsePeriod;

    /// <summary>A storage that hangs keeps no process from its end.</summary>
    private async Task EndTranscriptAsync(Task transcribing, CancellationToken cancellationToken)
    {
        await transcribing.WaitAsync(cancellationToken);
        if (_transcript is { } transcript) await transcript.FlushAsync(cancellationToken).WaitAsync(cancellationToken);
    }

    private SessionNames NamesNow()
    {
        var version = Volatile.Read(ref _version);
        if (_names is { } known && known.Version == version) return known;
        return _names = SessionNames.Of(version, _caches.Grants.Store.List(), _tokens, _settings);
    }

    private (SessionNames Names, AuditPost Post) AgainWith(ReadOnlySpan<byte> body)
    {
        var names = NamesNow();
        return (names, AuditReader.Read(body, names.Door));
    }

    private Attributed? Whose(AuditEvent happened, SessionNames names) =>
        Attribution.Of(happened, _settings, _caches.Grant, name => names.ByName[name], names.Tokens);

    private IEnumerable<MintedToken> Issued(AuditPost post, SessionNames names) => post.Events.Where(e => e.IssuedCredentialId.Length > 0)
        .Select(e => Whose(e, names) is { } whose ? MintedTokens.IssuedBy(e, whose) : null).OfType<MintedToken>();

    /// <summary>Remembers tokens that grants' identities created, from events or from what other replicas wrote; false if there is nothing new.</summary>
    private bool Learn(IEnumerable<MintedToken> tokens)
    {
        lock (_lock)
        {
            var more = _tokens.With(tokens);
            if (ReferenceEquals(more, _tokens)) return false;
            _tokens = more;
            Interlocked.Increment(ref _version);
            return true;
        }
    }

    private string Count(AuditEvent happened, SessionNames names, List<(AuditEvent, Attributed)> alarms)
    {
        if (happened.Stage is "RequestReceived") return AuditResults.Ignored;
        if (Whose(happened, names) is not { } whose) return AuditResults.Unknown;
        var step = _ledger.Take(happened, whose.Grant); // by its own times, which are the same when it comes again
        var id = RequestLedger.IdOf(happened, whose.Grant);
        happened = happened.ArrivedAt(_time.GetUtcNow());
        if (whose.Grant.Status.Path is SessionPath.Gateway) happened = happened.BeforeGateway();
        if (step is RequestStep.Known && !_nameless.Take(id)) return AuditResults.Duplicate;
        CountNew(id, happened, step is RequestStep.Known ? RequestStep.Done : step, whose);
        if (IsAccessAfterEnd(happened, step, whose)) alarms.Add((happened, whose));
        return _time.GetUtcNow() - happened.At > LateAfter ? AuditResults.Late : AuditResults.Kept;
    }

    private void CountReported(AuditEvent happened, Attributed whose, List<(AuditEvent, Attributed)> alarms)
    {
        var step = happened.IsActivity ? RequestStep.Known : _ledger.Take(happened, whose.Grant);
        var id = RequestLedger.IdOf(happened, whose.Grant);
        happened = happened.ArrivedAt(_time.GetUtcNow());
        if (happened.IsActivity || step is not RequestStep.Known) Use(whose.Grant, happened.At);
        if (step is RequestStep.Known) return;

        // The name of what a request creates is in its body, which the gateway does not read. An API server that reports as well knows it.
        if (_settings.RecordsSessions && step is RequestStep.Done && IsNameless(happened)) _nameless.Add(id, happened, whose, _time.GetTimestamp());
        else CountNew(id, happened, step, whose);
        if (IsAccessAfterEnd(happened, step, whose)) alarms.Add((happened, whose));
    }

    private void CountNew(string id, AuditEvent happened, RequestStep step, Attributed whose)
    {
        var session = SessionOf(whose.Grant);
        session.IsDirty = true;
        session.Record.Count(id, happened, step, whose, _time.GetUtcNow());
        _transcript?.Add(happened, whose);
    }

    private void Use(BreakGlassGrant grant, DateTimeOffset at)
    {
        var session = SessionOf(grant);
        session.IsUsed = true;
        session.Record.Use(at);
    }

    private Session SessionOf(BreakGlassGrant grant)
    {
        var uid = grant.Metadata.Uid ?? "";
        if (!_sessions.TryGetValue(uid, out var session)) _sessions[uid] = session = new(grant, _observer);
        (session.Grant, session.TouchedAt) = (grant, _time.GetTimestamp());
        return session;
    }

    private static bool IsAccessAfterEnd(AuditEvent happened, RequestStep step, Attributed whose) =>
        step is (RequestStep.Done or RequestStep.Opened) && AfterEnd.IsAccess(happened, whose);

    private static bool IsNameless(AuditEvent happened) =>
        happened is { Verb: "create", Resource.Length: > 0, Name.Length: 0 } && SessionRows.ResultOf(happened) is ActionResult.Allowed;

    private void Reported(DateTimeOffset until)
    {
        for (var seen = Interlocked.Read(ref _reportedUntil); seen < until.UtcTicks; seen = Interlocked.Read(ref _reportedUntil))
            Interlocked.CompareExchange(ref _reportedUntil, until.UtcTicks, seen);
    }

    /// <summary>Reports a request that must not have succeeded. The first of a grant have events of their own; all are counted and logged.</summary>
    private void Alarm(AuditEvent happened, Attributed whose)
    {
        var grant = whose.Grant;
        var request = SessionRows.Describe(happened);
        _metrics.AccessAfterRevocation();
        _logger.AccessAfterRevocation(grant.Metadata.Name, grant.Spec.Policy, request, happened.AuditId);
        lock (_lock)
        {
            var told = _told.GetValueOrDefault(grant.Metadata.Uid ?? "");
            if (told >= MostTold) return;
            _told[grant.Metadata.Uid ?? ""] = told + 1;
        }

        _announcer.Announce(grant, _caches.Policy(grant.Spec.Policy), new(true, EventReasons.AccessAfterRevocation, EventActions.Observe,
            $"The grant's identity used access after it was cut{ByToken(whose)}: {request} succeeded at "
            + $"{Timestamp.Text(happened.ReceivedAt)}, and access ended at "
            + $"{Timestamp.Text(grant.Status.EndedAt ?? default)}.") { Distinct = request });
    }

    private static string ByToken(Attributed whose) => whose.TokenOf.Length == 0 ? "" : $", with a token of {whose.TokenOf} that it had created";

    private async ValueTask WriteAsync(Session session, CancellationToken cancellationToken)
    {
        try
        {
            if (!IsKnown(session)) return;
            if (!session.IsRestored && !await RestoreAsync(session, cancellationToken)) return;
            BreakGlassSession mine;
            lock (_lock)
            {
                mine = new()
                {
                    Metadata = new() { Name = session.Name },
                    Status = session.Record.Status(session.Grant, _time.GetUtcNow()) with { Tokens = TokensOf(session) },
                };
                (session.IsDirty, session.IsUsed, session.WrittenAt) = (false, false, _time.GetTimestamp());
            }

            var written = await _store.WriteAsync(session, mine, cancellationToken);
            lock (_lock)
            {
                if (session.Record.Settle(written.Status)) session.IsDirty = true;
            }
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException or OperationCanceledException)
        {
            lock (_lock)
            {
                if (session.IsRestored) session.Record.SettleAll();
                session.IsDirty = true;
            }

            if (!cancellationToken.IsCancellationRequested) _logger.SessionNotWritten(session.Name, e);
        }
    }

    /// <summary>Finds out what is written already, and makes the object if there is none; false if it belongs to a namesake that is gone.</summary>
    private async Task<bool> RestoreAsync(Session session, CancellationToken cancellationToken)
    {
        var stored = await _store.ReadAsync(session, cancellationToken);
        if (!stored.OwnersOrEmpty.Any(o => o.Uid == session.Uid))
        {
            _logger.SessionOfNamesake(session.Name);
            return false;
        }

        lock (_lock)
        {
            session.Record.Restore(stored.Status);
            session.IsRestored = true;
        }

        return true;
    }

    private IReadOnlyList<SessionToken> TokensOf(Session session) =>
    [
        .. _tokens.All.Where(t => t.GrantUid == session.Uid && !t.IsOthers).OrderBy(t => t.IssuedAt).Select(t => new SessionToken
        {
            Observer = _observer, CredentialId = t.CredentialId, ServiceAccount = t.Username, IssuedAt = t.IssuedAt, ByName = t.ByName,
        }),
    ];

    private bool IsKnown(Session session) => _caches.Grant(session.Name)?.Metadata.Uid == session.Uid;

    private void ReportStreams()
    {
        var now = _time.GetUtcNow();
        foreach (var streams in _ledger.Open.GroupBy(s => (s.Grant, s.GrantUid)).ToList())
        {
            var grant = _caches.Grant(streams.Key.Grant);
            var isKnown = grant?.Metadata.Uid == streams.Key.GrantUid;
            if (isKnown && !(grant!.Status.IsTerminal && grant.Status.EndedAt + StreamsAfter < now)) continue;
            if (isKnown)
            {
                // The gateway has closed those that go through it.
                foreach (var stream in streams.Where(s => !s.IsByGateway)) _residue.Add(grant!, stream.Note);
            }

            _ledger.Forget(streams.Key.GrantUid);
        }
    }

    /// <summary>Drops the sessions of grants that are gone, and the longest at rest where there are too many rows.</summary>
    private void Forget()
    {
        foreach (var gone in _sessions.Values.Where(s => !IsKnown(s)).ToList())
        {
            _sessions.Remove(gone.Uid);
            _told.Remove(gone.Uid);
            _transcript?.Forget(gone.Uid);
        }

        _tokens = _tokens.Only(t => _caches.Grant(t.Grant)?.Metadata.Uid == t.GrantUid);
        var rows = _sessions.Values.Sum(s => s.Record.Rows + 1);
        if (rows <= MostRows) return;
        foreach (var resting in _sessions.Values.Where(s => !s.IsDirty && !s.IsUsed && s.Record.Totals.OpenStreams == 0).OrderBy(s => s.TouchedAt).ToList())
        {
            _sessions.Remove(resting.Uid);
            rows -= resting.Record.Rows + 1;
            if (rows <= MostRows) return;
        }
    }
}
