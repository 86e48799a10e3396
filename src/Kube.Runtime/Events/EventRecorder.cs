namespace Kube.Runtime;

/// <summary>
/// Writes Kubernetes events (events.k8s.io/v1) in the background. Best effort by nature: it never blocks and never fails a
/// caller; what must not get lost belongs in a status or a journal.
/// </summary>
/// <remarks>
/// The same event again (type, action, reason, objects and <see cref="EventNote.Distinct"/>; the note does not count) becomes a series of the first one:
/// the second occurrence is written at once, later ones are counted and written every half hour and when it has been quiet
/// for six minutes, as client-go does. Notes that differ in <see cref="EventNote.Distinct"/> alone get at most five events; further ones are counted in one
/// more, so that events about one object cannot fill etcd.
/// </remarks>
/// <param name="client">The API server.</param>
/// <param name="options">Who reports; limits.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Log.</param>
/// <param name="random">Gives [0,1), for tests; null for a random number.</param>
public sealed partial class EventRecorder(
    KubeClient client, EventRecorderOptions options, TimeProvider time, ILogger logger, Func<double>? random = null)
{
    internal static readonly TimeSpan FinishAfter = TimeSpan.FromMinutes(6);
    internal static readonly TimeSpan RefreshAfter = TimeSpan.FromMinutes(30);

    private const int LogEvery = 1000;

    private readonly EventSender[] _senders =
    [
        .. Enumerable.Range(0, options.Senders).Select(
            _ => new EventSender(
                client, options, options.QueueSize / options.Senders, new EventDelivery(time, random ?? Random.Shared.NextDouble, logger), time)),
    ];

    private long _dropped;

    /// <summary>Takes a note, or drops it when too many wait.</summary>
    public void Record(EventNote note)
    {
        var related = note.Related is null ? null : note.Related with { ResourceVersion = null };
        var key = new EventKey(note.Type, note.Action, note.Reason, note.Regarding with { ResourceVersion = null }, related, note.Distinct);
        var sender = _senders[unchecked((uint)(key with { Distinct = null }).GetHashCode()) % _senders.Length];

        // Thousands of notes may wait, and what is cut off later need not wait with them.
        if (sender.TryTake(new(key, note with { Note = EventText.Cut(note.Note, EventText.NoteBytes) }, time.GetUtcNow()))) return;
        RuntimeMetrics.EventsDropped.Add(1, new KeyValuePair<string, object?>("reason", "full"));
        var dropped = Interlocked.Increment(ref _dropped);
        if (dropped % LogEvery == 1) LogFull(options.QueueSize, dropped, note.Reason, note.Regarding.Kind, note.Regarding.Name);
    }

    /// <summary>Writes until cancelled. What waits then is lost: <see cref="FlushAsync"/> first.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var reason in EventDelivery.DropReasons) RuntimeMetrics.EventsDropped.Add(0, new KeyValuePair<string, object?>("reason", reason));
        await Task.WhenAll([.. _senders.Select(sender => sender.RunAsync(cancellationToken)), TickAsync(cancellationToken)]);
    }

    /// <summary>
    /// Waits until everything recorded so far, counts of series included, was written or given up. Needs
    /// <see cref="RunAsync"/> under way; returns at once when that has ended.
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller's deadline passed first.</exception>
    public Task FlushAsync(CancellationToken cancellationToken) => Task.WhenAll(_senders.Select(sender => sender.FlushAsync(cancellationToken)));

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        try
        {
            for (;;)
            {
                await Task.Delay(FinishAfter, time, cancellationToken);
                foreach (var sender in _senders) sender.Tick();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The recorder stops.
        }
    }

    [LoggerMessage(LogLevel.Warning, "{QueueSize} Kubernetes events wait to be written; {Dropped} were dropped so far, the last one {Reason} on {Kind} "
        + "{Name}. Check whether the API server is slow or out of reach")]
    private partial void LogFull(int queueSize, long dropped, string reason, string? kind, string? name);
}
