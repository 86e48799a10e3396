using BreakGlass.Core.Journal;
using BreakGlass.Core.Sessions;
using BreakGlass.Operator.Journal;
using BreakGlass.Operator.Outbound;

namespace BreakGlass.Operator.Sessions;

/// <summary>
/// The audit events of sessions on their way into the journal. Only the leader writes the journal, and every replica receives events: each makes entries of
/// its own and puts them into files of the journal's storage, from which the leader appends them (<see cref="JournalSpool"/>). Those who deliver events do not
/// wait for it. Until they are in a file, events are in memory; what finds no room there is counted, and the next entry says how many were dropped.
/// </summary>
internal sealed class SessionTranscript
{
    /// <summary>The time between two files. A grant that is used all the time has an entry for each.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    /// <summary>The most bytes of events that wait in memory.</summary>
    internal const int MostBytes = 8 * 1024 * 1024;

    // What an event takes in memory beside its texts.
    private const int Overhead = 256;

    private readonly Lock _lock = new();
    private readonly IJournalStorage _storage;
    private readonly SigningKey _key;
    private readonly string _observer;
    private readonly Action<int> _backlog;
    private readonly Action<string, int> _count;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Dictionary<string, Waiting> _waiting = new(StringComparer.Ordinal);
    private readonly HashSet<string> _gone = new(StringComparer.Ordinal);
    private int _bytes;
    private int _events;
    private long _files;
    private bool _isPrepared;
    private bool _isFull;
    private Handover? _pending;

    /// <param name="storage">Where the journal is.</param>
    /// <param name="key">The key of the journal.</param>
    /// <param name="observer">The name of this process; one that starts again has another one.</param>
    /// <param name="backlog">Takes the number of events that could not be handed over yet.</param>
    /// <param name="count">Takes what became of how many events, one of <see cref="DeliveryResults"/>; of attempts, if they failed.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    public SessionTranscript(
        IJournalStorage storage, SigningKey key, string observer, Action<int> backlog, Action<string, int> count, TimeProvider time, ILogger logger) =>
        (_storage, _key, _observer, _backlog, _count, _time, _logger) = (storage, key, observer, backlog, count, time, logger);

    /// <summary>Takes an event that was counted. Thread-safe; nothing is waited for.</summary>
    public void Add(AuditEvent happened, Attributed whose)
    {
        var read = Transcript.Of(happened, whose.ByName, whose.TokenOf);
        var size = SessionEntries.SizeOf(read);
        bool hasRoom, isFirst;
        lock (_lock)
        {
            hasRoom = _bytes + size + Overhead <= MostBytes;
            isFirst = !hasRoom && !_isFull;
            _isFull = !hasRoom;
            var uid = whose.Grant.Metadata.Uid ?? "";
            if (!_waiting.TryGetValue(uid, out var waiting)) _waiting[uid] = waiting = new(whose.Grant);
            if (hasRoom)
            {
                waiting.Events.Enqueue((read, size));
                _bytes += size + Overhead;
                _events++;
            }
            else
            {
                waiting.Dropped++;
            }
        }

        if (hasRoom) return;
        _count(DeliveryResults.Dropped, 1);
        if (isFirst) _logger.SessionEventsDropped(MostBytes / 1024 / 1024);
    }

    /// <summary>Nothing more comes of this grant: it is gone.</summary>
    public void Forget(string uid)
    {
        lock (_lock) _gone.Add(uid);
    }

    /// <summary>Hands over until cancelled. What fails is tried again.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(Period, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!cancellationToken.IsCancellationRequested) await FlushAsync(cancellationToken);
        }
    }

    /// <summary>Hands over what waits. It does not throw. Not at the same time as another call.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        try
        {
            while ((_pending ??= Next()) is { } next)
            {
                if (!_isPrepared) await _storage.PrepareAsync(cancellationToken);
                _isPrepared = true;

                // What is handed over from here on cannot be in the journal before this size.
                next.Content ??= SpoolFile.Write(next.Path, await JournalHead.SizeAsync(_storage, _key, cancellationToken), next.Entries, _key);

                // A file that is there already is from a try whose answer was lost.
                await _storage.CreateAsync(next.Path, next.Content, cancellationToken);
                _pending = null;
                _count(DeliveryResults.Delivered, next.Events);
            }

            Trim();
            _backlog(0);
        }
        catch (Exception e)
        {
            lock (_lock) _backlog(_events + (_pending?.Events ?? 0));
            if (cancellationToken.IsCancellationRequested) return;
            _count(DeliveryResults.Failed, 1);
            _logger.SessionEventsNotHandedOver(JournalFailure.Of(e), Period.TotalSeconds);
        }
    }

    /// <summary>The next file; null if nothing waits.</summary>
    private Handover? Next()
    {
        lock (_lock)
        {
            var (entries, events) = (new List<JournalEntry>(), 0);
            foreach (var waiting in _waiting.Values)
            {
                while (waiting.IsAny && entries.Count < SpoolFile.MostEntries)
                {
                    var (part, size) = (new List<SessionEvent>(), 0);
                    while (waiting.Events.TryPeek(out var next) && (part.Count == 0 || size + next.Size <= SessionEntries.MostBytes))
                    {
                        waiting.Events.Dequeue();
                        part.Add(next.Event);
                        size += next.Size;
                        _bytes -= next.Size + Overhead;
                    }

                    entries.Add(SessionEntries.Of(waiting.Grant, _observer, waiting.Number++, part, waiting.Dropped, _time.GetUtcNow()));
                    waiting.Dropped = 0;
                    events += part.Count;
                }
            }

            _events -= events;
            return entries.Count == 0 ? null : new(SpoolFile.PathOf(_observer, _files++), entries, events);
        }
    }

    private void Trim()
    {
        lock (_lock)
        {
            foreach (var uid in _gone.Where(uid => !_waiting.TryGetValue(uid, out var waiting) || !waiting.IsAny).ToList())
            {
                _waiting.Remove(uid);
                _gone.Remove(uid);
            }
        }
    }

    /// <summary>What waits of one grant.</summary>
    private sealed class Waiting(BreakGlassGrant grant)
    {
        public BreakGlassGrant Grant { get; } = grant;

        public Queue<(SessionEvent Event, int Size)> Events { get; } = [];

        public long Dropped { get; set; }

        /// <summary>How many entries were made.</summary>
        public long Number { get; set; }

        public bool IsAny => Events.Count > 0 || Dropped > 0;
    }

    /// <summary>A file that is to be written. It stays the same until it is there.</summary>
    private sealed class Handover(string path, IReadOnlyList<JournalEntry> entries, int events)
    {
        public string Path { get; } = path;

        public IReadOnlyList<JournalEntry> Entries { get; } = entries;

        public int Events { get; } = events;

        public byte[]? Content { get; set; }
    }
}
