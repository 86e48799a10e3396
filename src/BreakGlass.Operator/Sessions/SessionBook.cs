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

    private static readonly TimeSpan LastFlush = TimeSpan.FromSeconds(3);

    // A token can create another one, and that one a third.
    private const int MostGenerations = 4;

    private readonly Lock _lock = new();
    private readonly KubeClient _client;
    private readonly ClusterCaches _caches;
    private readonly CoreSettings _settings;
    private readonly ResidueWriter _residue;
    private readonly OperatorMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly GrantIdentities _identities;
    private readonly SessionTable _sessions;
    private readonly SessionWriter _writer;
    private readonly AccessAfterEnd _afterEnd;
    private readonly RequestLedger _ledger = new();
    private readonly NamelessRequests _nameless = new();
    private readonly SessionTranscript? _transcript;
    private long _reportedUntil;
    private volatile bool _closed;

    public SessionBook(
        KubeClient client, ClusterCaches caches, CoreSettings settings, ResidueWriter residue, Announcer announcer, OperatorMetrics metrics, string identity,
        TimeProvider time, ILogger logger, SessionTranscript? transcript = null)
    {
        (_client, _caches, _settings, _residue, _metrics) = (client.WithOwnConnection(), caches, settings, residue, metrics);
        (_time, _transcript) = (time, transcript);
        var observer = ObserverOf(identity);
        _identities = new(caches, settings);
        _sessions = new(caches, observer, time);
        _writer = new(new(_client, observer), caches, _identities, observer, _lock, time, logger);
        _afterEnd = new(caches, announcer, metrics, logger);
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
        var names = _identities.Now();
        var post = AuditReader.Read(body, names.Door);

        // The uses of a token can be in the body that says that it was created.
        for (var i = 0; i < MostGenerations && _identities.Learn(post, names); i++)
        {
            names = _identities.Now();
            post = AuditReader.Read(body, names.Door);
        }

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
        foreach (var (happened, whose) in alarms) _afterEnd.Report(happened, whose);
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
        var names = _identities.Now();
        var post = AuditReader.Read(body, names.Door, isReport: true);
        List<(AuditEvent Event, Attributed Whose)> alarms = [];
        lock (_lock)
        {
            if (_closed) return false;
            foreach (var happened in post.Events)
            {
                if (happened.Stage is not "RequestReceived"
                    && _identities.Whose(happened, names) is { ByName: false, TokenOf.Length: 0, Grant.Status.Path: SessionPath.Gateway } whose)
                {
                    CountReported(happened, whose, alarms);
                }
            }
        }

        if (until is { } at) Reported(AuditArrival.Believed(at, _time.GetUtcNow()));
        foreach (var (happened, whose) in alarms) _afterEnd.Report(happened, whose);
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
        IReadOnlyList<Session> due;
        lock (_lock)
        {
            ReportStreams();
            foreach (var (id, happened, whose) in _nameless.TakeDue(_time, all: _closed)) CountNew(id, happened, RequestStep.Done, whose);
            Forget();
            due = _sessions.Due(all: _closed);
        }

        await _writer.WriteAllAsync(due, cancellationToken);
    }

    /// <summary>A storage that hangs keeps no process from its end.</summary>
    private async Task EndTranscriptAsync(Task transcribing, CancellationToken cancellationToken)
    {
        await transcribing.WaitAsync(cancellationToken);
        if (_transcript is { } transcript) await transcript.FlushAsync(cancellationToken).WaitAsync(cancellationToken);
    }

    private string Count(AuditEvent happened, SessionNames names, List<(AuditEvent, Attributed)> alarms)
    {
        if (happened.Stage is "RequestReceived") return AuditResults.Ignored;
        if (_identities.Whose(happened, names) is not { } whose) return AuditResults.Unknown;
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
        var session = _sessions.Of(whose.Grant);
        session.IsDirty = true;
        session.Record.Count(id, happened, step, whose, _time.GetUtcNow());
        _transcript?.Add(happened, whose);
    }

    private void Use(BreakGlassGrant grant, DateTimeOffset at)
    {
        var session = _sessions.Of(grant);
        session.IsUsed = true;
        session.Record.Use(at);
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

    /// <summary>Forgets what is about grants that are gone.</summary>
    private void Forget()
    {
        foreach (var uid in _sessions.Trim())
        {
            _afterEnd.Forget(uid);
            _transcript?.Forget(uid);
        }

        _identities.Trim();
    }
}
