using BreakGlass.Core.Journal;
using BreakGlass.Operator.Journal.Sinks;

namespace BreakGlass.Operator.Journal;

/// <summary>
/// Appends what grants went through to the journal: each transition in their statuses that is not in it yet, in order, once; and what other objects
/// imply. It keeps nothing that the journal and the objects do not say. Nothing waits for it but grants whose policy requires it before access opens.
/// </summary>
internal sealed class JournalSequencer
{
    /// <summary>How often all grants are compared with the journal.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>How long a failure is followed by no other try.</summary>
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    /// <summary>How long those who wait for their grants' entries are not kept waiting by what other objects imply.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private const string Rewritten = "it has other entries about the grant than the grant's status: somebody rewrote the status";

    private readonly JournalWriter _writer;
    private readonly ClusterEntries _cluster;
    private readonly Func<IReadOnlyCollection<BreakGlassGrant>> _grants;
    private readonly Func<string, CancellationToken, Task<BreakGlassGrant?>> _read;
    private readonly Action<int> _backlog;
    private readonly Action<int, bool> _count;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly LoggedGrants _logged = new();
    private readonly JournalRequests _requests;
    private readonly ConcurrentDictionary<string, BreakGlassGrant> _remembered = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private CancellationTokenSource? _nap;
    private HashSet<string> _kept = [];
    private long? _compared;
    private long? _comparedOthers;
    private volatile bool _isRead;

    /// <param name="writer">The journal.</param>
    /// <param name="cluster">What else is appended than transitions.</param>
    /// <param name="grants">The grants in the cache.</param>
    /// <param name="read">Reads a grant from the API server; null if it is gone.</param>
    /// <param name="backlog">Takes the number of transitions that are not in the journal yet.</param>
    /// <param name="count">Takes how many entries were appended, or that an attempt to append failed.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    public JournalSequencer(JournalWriter writer, ClusterEntries cluster, Func<IReadOnlyCollection<BreakGlassGrant>> grants,
        Func<string, CancellationToken, Task<BreakGlassGrant?>> read, Action<int> backlog, Action<int, bool> count, TimeProvider time, ILogger logger)
    {
        (_writer, _cluster, _grants, _read, _backlog, _count, _time, _logger) = (writer, cluster, grants, read, backlog, count, time, logger);
        _requests = new(Wake, time);
        _writer.Covered += OnCovered;
    }

    /// <summary>Where copies go to: what is written must be at those of them that are required. Null for no copies.</summary>
    public JournalSinks? Copies { get; init; }

    /// <summary>Called once, when what was in the journal has been read, which can take much memory at once.</summary>
    public Action AfterFirstRead { get; init; } = () => { };

    /// <summary>What replicas hand over, to be appended as well. Null if they hand over nothing.</summary>
    public JournalSpool? Spool { get; init; }

    /// <summary>
    /// Waits until all transitions of a grant are covered by a checkpoint, and at all required sinks. They are appended at once, in one batch with those of
    /// all others who wait.
    /// </summary>
    /// <returns>Null, or why they are not: the journal or a sink cannot be written, or does not answer in time.</returns>
    public async Task<string?> WriteAsync(BreakGlassGrant grant, CancellationToken cancellationToken)
    {
        if (await _requests.WaitAsync(grant, cancellationToken) is { } problem) return problem;
        return Copies is { } copies && Facts(grant).IndexOf(grant.Status, grant.Status.Transitions.Count - 1) is { } index
            ? await copies.WaitAsync(index, cancellationToken) : null;
    }

    /// <summary>What is known of the journal that concerns one grant. Thread-safe.</summary>
    public JournalFacts Facts(BreakGlassGrant grant) => new(_logged.EntriesOf(grant.Metadata.Uid ?? ""), _requests.Problem)
    {
        IsRead = _isRead,
        Acknowledged = Copies?.AcknowledgedByRequired,
    };

    /// <summary>
    /// Keeps a grant that is over until its transitions are in the journal: it can be deleted before all grants are compared again. While the journal is
    /// known to be away, only a grant that is being deleted is kept, so that an outage fills no memory. Thread-safe.
    /// </summary>
    /// <param name="grant">The grant, as the API server has it.</param>
    /// <param name="isUrgent">Whether it is being deleted: then nothing waits for the next comparison.</param>
    public void Remember(BreakGlassGrant grant, bool isUrgent)
    {
        if (!isUrgent && _requests.Problem is not null) return;
        _remembered[grant.Metadata.Uid ?? ""] = grant;
        if (isUrgent) Wake();
    }

    /// <summary>Appends until cancelled. What fails is tried again.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var wait = Period;
            try
            {
                await RoundAsync(cancellationToken);
                _requests.Works();
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                wait = Pause;
                var why = Why(e);
                _logger.JournalFailed(why, wait.TotalSeconds);
                _count(1, false);
                _requests.Fails(why);
            }
            catch (Exception)
            {
                break; // what fails while the term ends
            }

            await NapAsync(wait, cancellationToken);
        }

        _requests.Close();
    }

    /// <summary>Appends what is not in the journal yet: of those who wait, and, from time to time, of all grants.</summary>
    internal async Task RoundAsync(CancellationToken cancellationToken)
    {
        var requests = _requests.Take();
        try
        {
            var comparesAll = requests.Count == 0 || !_writer.IsCurrent || _compared is not { } last || _time.GetElapsedTime(last) >= Period;
            IReadOnlyCollection<BreakGlassGrant> remembered = [.. _remembered.Values];
            var all = comparesAll ? _grants() : [];
            if (comparesAll)
            {
                _backlog(all.Sum(g => _logged.HasAll(g) ? 0 : Math.Max(1, g.Status.Transitions.Count - _logged.Count(g))));
                _kept = all.Where(LoggedGrants.TakesIndices).Select(g => g.Metadata.Uid ?? "").ToHashSet(StringComparer.Ordinal);
                await _writer.CatchUpAsync(() => _cluster.From, cancellationToken);
                if (!_isRead) AfterFirstRead();
                _isRead = true;
            }

            foreach (var request in requests) _kept.Add(request.Grant.Metadata.Uid ?? "");
            var others = comparesAll && (requests.Count == 0 || _comparedOthers is not { } before || _time.GetElapsedTime(before) >= Patience)
                ? await _cluster.MissingAsync(remembered.Count == 0 ? all : [.. all, .. remembered], _writer.Size, cancellationToken) : null;
            if (others is not null) _comparedOthers = _time.GetTimestamp();
            var waiting = await WaitingAsync([.. all, .. remembered, .. requests.Select(r => r.Grant)], others ?? [], cancellationToken);
            if (comparesAll) _backlog(waiting.Count);
            var counted = 0;
            var isAppended = await _writer.AppendAsync(waiting, done =>
            {
                _count(done - counted, true);
                counted = done;
                if (comparesAll) _backlog(waiting.Count - done);
            }, cancellationToken);
            if (!isAppended)
            {
                _requests.Return(requests);
                return; // the next round reads what the other writer wrote
            }

            foreach (var grant in remembered) _remembered.TryRemove(KeyValuePair.Create(grant.Metadata.Uid ?? "", grant));
            foreach (var request in requests) request.Answer.TrySetResult(_logged.HasNewest(request.Grant) ? null : Rewritten);
            if (!comparesAll) return;
            _logged.Trim(all);
            _compared = _time.GetTimestamp();
            await EmptySpoolAsync(cancellationToken);
        }
        catch (Exception)
        {
            _requests.Return(requests); // for the answer, which is the same for those who came meanwhile
            throw;
        }
    }

    /// <summary>A spool that cannot be emptied holds up nothing else.</summary>
    private async Task EmptySpoolAsync(CancellationToken cancellationToken)
    {
        if (Spool is not { IsDue: true } spool) return;
        try
        {
            _count(await spool.EmptyAsync(_writer, cancellationToken), true);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            _count(1, false);
            _logger.SpoolNotEmptied(Why(e), JournalSpool.Period.TotalSeconds);
        }
    }

    private static string Why(Exception e) => e is JournalException ? e.Message : e.GetType().Name;

    private void OnCovered(IReadOnlyList<LoggedEntry> entries)
    {
        foreach (var logged in entries)
        {
            _logged.Add(logged, logged.Entry.Position is { } position && _kept.Contains(position.Uid));
            _cluster.Take(logged.Index, logged.Entry);
            Spool?.Take(logged);
        }
    }

    /// <summary>After a failure the pause is kept, whoever comes: they are answered at once.</summary>
    private async Task NapAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        using var nap = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        lock (_gate)
        {
            if (wait == Period) _nap = nap;
        }

        if (wait == Period && _requests.IsAnyWaiting) Wake();
        await Task.Delay(wait, _time, nap.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate) _nap = null;
    }

    private void Wake()
    {
        lock (_gate) _ = _nap?.CancelAsync();
    }

    private async Task<IReadOnlyList<JournalEntry>> WaitingAsync(IReadOnlyCollection<BreakGlassGrant> grants,
        IReadOnlyList<(DateTimeOffset At, JournalEntry Entry)> others, CancellationToken cancellationToken)
    {
        var waiting = new List<(DateTimeOffset At, JournalEntry Entry)>();
        foreach (var cached in grants.Where(g => g.Metadata.Uid is not null && !_logged.HasAll(g)))
        {
            var grant = CacheTransforms.IsShed(cached) ? await _read(cached.Metadata.Name, cancellationToken) : cached;
            var from = _logged.Count(cached);
            if (grant is null || grant.Metadata.Uid != cached.Metadata.Uid || grant.Status.Transitions.Count <= from)
            {
                _logged.Settle(cached);
                continue;
            }

            var at = DateTimeOffset.MinValue;
            foreach (var entry in GrantEntries.Of(grant, from))
            {
                // Never before an earlier transition of the same grant, whatever a forged time says.
                at = entry.Time > at ? entry.Time : at;
                waiting.Add((at, entry));
            }
        }

        return [.. waiting.Concat(others).DistinctBy(w => w.Entry.Id).OrderBy(w => w.At).Select(w => w.Entry)];
    }
}
