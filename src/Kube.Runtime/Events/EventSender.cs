namespace Kube.Runtime;

/// <summary>Writes one share of the events, one after another: all notes of one <see cref="EventKey"/> come to the same sender.</summary>
internal sealed class EventSender(KubeClient client, EventRecorderOptions options, int queueSize, EventDelivery delivery, TimeProvider time)
{
    private const int MostDistinct = 5;

    /// <summary>Series that are counted at a time; client-go holds as many. Further ones take the place of the one that was noted least lately.</summary>
    internal const int MostSeries = 4096;

    private const string OldNamespace = "kube-system";

    private static long _lastName;

    private readonly Channel<Item> _items = Channel.CreateBounded<Item>(new BoundedChannelOptions(queueSize) { SingleReader = true });
    private readonly Dictionary<EventKey, Series> _series = [];

    // How many series there are that differ in Distinct alone.
    private readonly Dictionary<EventKey, int> _distinct = [];
    private string _clusterNamespace = "default";
    private volatile TaskCompletionSource _hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool TryTake(Recorded note) => _items.Writer.TryWrite(new(note.Time, note, null));

    /// <summary>Time to finish and refresh series. Lost when the queue is full; the next one comes.</summary>
    public void Tick() => _items.Writer.TryWrite(new(time.GetUtcNow(), null, null));

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var flushed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _hurry.TrySetResult();
        try
        {
            await _items.Writer.WriteAsync(new(time.GetUtcNow(), null, flushed), cancellationToken);
        }
        catch (ChannelClosedException)
        {
            return;
        }

        await flushed.Task.WaitAsync(cancellationToken);
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var item in _items.Reader.ReadAllAsync(cancellationToken))
            {
                if (item.Note is not null) await LingerAsync(item.Time, cancellationToken);
                await HandleAsync(item, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The recorder stops.
        }
        finally
        {
            _items.Writer.TryComplete();
            while (_items.Reader.TryRead(out var item)) item.Flushed?.TrySetResult();
        }
    }

    private async Task LingerAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        // A clock that was set back must not make it longer.
        var left = TimeSpan.FromTicks(Math.Min((since + options.Linger - time.GetUtcNow()).Ticks, options.Linger.Ticks));
        if (left <= TimeSpan.Zero) return;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(Task.Delay(left, time, over.Token), _hurry.Task);
        await over.CancelAsync();
    }

    private async Task HandleAsync(Item item, CancellationToken cancellationToken)
    {
        try
        {
            if (item.Note is { } note) await WriteAsync(note, cancellationToken);
            else await KeepHouseAsync(item.Time, everything: item.Flushed is not null, cancellationToken);
        }
        finally
        {
            if (item.Flushed is { } flushed)
            {
                _hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);
                flushed.TrySetResult();
            }
        }
    }

    /// <summary>The note as one of those that are only counted, if there are enough events like it.</summary>
    private Recorded Folded(Recorded recorded)
    {
        if (recorded.Key.Distinct is null || _series.ContainsKey(recorded.Key)) return recorded;
        var alike = recorded.Key with { Distinct = null };
        return _distinct.GetValueOrDefault(alike) < MostDistinct
            ? recorded
            : recorded with { Key = alike, Note = recorded.Note with { Note = $"{recorded.Note.Note} (and similar events, which are only counted)" } };
    }

    private async Task WriteAsync(Recorded noted, CancellationToken cancellationToken)
    {
        var recorded = Folded(noted);
        if (_series.TryGetValue(recorded.Key, out var series))
        {
            if (recorded.Time - series.Last < EventRecorder.FinishAfter)
            {
                series.Count++;
                series.Last = recorded.Time;
                if (series.Count == 2) await PatchAsync(series, recorded.Time, cancellationToken);
                return;
            }

            await FinishAsync(recorded.Key, series, recorded.Time, cancellationToken);
        }

        series = new(ToEvent(recorded)) { Last = recorded.Time, LastWritten = recorded.Time };
        if (await delivery.SendAsync(series.Event, token => CreateAsync(series, token), cancellationToken))
            await KeepAsync(recorded.Key, series, cancellationToken);
    }

    /// <summary>
    /// Servers differ in where an events.k8s.io/v1 event about a cluster-scoped object may live: 1.20 takes it in kube-system alone
    /// (kubernetes#100125), later ones in default too. What the server refuses in the one place is written, from then on, in the other.
    /// </summary>
    private async Task CreateAsync(Series series, CancellationToken cancellationToken)
    {
        try
        {
            await client.CreateAsync(series.Event, cancellationToken);
        }
        catch (KubeApiException e) when (e.IsInvalid && string.IsNullOrEmpty(series.Event.Regarding?.NamespaceProperty)
                                         && series.Event.Metadata.NamespaceProperty != OldNamespace)
        {
            series.Event = series.Event with { Metadata = series.Event.Metadata with { NamespaceProperty = OldNamespace } };
            await client.CreateAsync(series.Event, cancellationToken);
            _clusterNamespace = OldNamespace;
        }
    }

    /// <param name="now">When it was asked for: what was noted later stands behind it in the queue.</param>
    /// <param name="everything">Write every count that is not written yet.</param>
    /// <param name="cancellationToken">Ends it.</param>
    private async Task KeepHouseAsync(DateTimeOffset now, bool everything, CancellationToken cancellationToken)
    {
        foreach (var (key, series) in _series.ToArray())
        {
            if (now - series.Last >= EventRecorder.FinishAfter)
            {
                await FinishAsync(key, series, now, cancellationToken);
            }
            else if (series.Count > series.Written && (everything || now - series.LastWritten >= EventRecorder.RefreshAfter))
            {
                await PatchAsync(series, now, cancellationToken);
            }
        }
    }

    private async Task FinishAsync(EventKey key, Series series, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (series.Count > series.Written) await PatchAsync(series, now, cancellationToken);
        _series.Remove(key);
        if (key.Distinct is null) return;
        var alike = key with { Distinct = null };
        if (--_distinct[alike] == 0) _distinct.Remove(alike);
    }

    private async Task KeepAsync(EventKey key, Series series, CancellationToken cancellationToken)
    {
        if (_series.Count >= MostSeries)
        {
            var oldest = _series.MinBy(s => s.Value.Last);
            await FinishAsync(oldest.Key, oldest.Value, series.Last, cancellationToken);
        }

        _series[key] = series;
        if (key.Distinct is null) return;
        var alike = key with { Distinct = null };
        _distinct[alike] = _distinct.GetValueOrDefault(alike) + 1;
    }

    private async Task PatchAsync(Series series, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var count = series.Count;
        var patch = new JsonObject
        {
            ["series"] = new JsonObject
            {
                ["count"] = count,
                ["lastObservedTime"] = series.Last.UtcDateTime.ToString(Rfc3339.Micros, CultureInfo.InvariantCulture),
            },
        };
        var (name, ns) = (series.Event.Metadata.Name, series.Event.Metadata.NamespaceProperty);
        async Task Send(CancellationToken token)
        {
            try
            {
                await client.MergePatchAsync<Eventsv1Event>(name, ns, patch, token);
            }
            catch (KubeApiException e) when (e.IsNotFound)
            {
                // Events live for an hour; the series has outlived its event.
                await client.CreateAsync(series.Event with { Series = new() { Count = count, LastObservedTime = series.Last.UtcDateTime } }, token);
            }
        }

        await delivery.SendAsync(series.Event, Send, cancellationToken);
        (series.Written, series.LastWritten) = (count, now);
    }

    private Eventsv1Event ToEvent(Recorded recorded)
    {
        var note = recorded.Note;
        return new()
        {
            Metadata = new()
            {
                Name = EventText.Name(note.Regarding.Name, UniqueNanoseconds(recorded.Time)),
                NamespaceProperty = string.IsNullOrEmpty(note.Regarding.NamespaceProperty) ? _clusterNamespace : note.Regarding.NamespaceProperty,
            },
            EventTime = recorded.Time.UtcDateTime,
            ReportingController = options.Controller,
            ReportingInstance = EventText.Cut(options.Instance, EventText.InstanceLength),
            Type = note.Type == EventSeverity.Warning ? "Warning" : "Normal",
            Reason = note.Reason,
            Action = note.Action,
            Note = EventText.Cut(note.Note, EventText.NoteBytes),
            Regarding = note.Regarding,
            Related = note.Related,
        };
    }

    /// <summary>Two events on one object at the same tick need two names.</summary>
    private static long UniqueNanoseconds(DateTimeOffset instant)
    {
        var wanted = (instant - DateTimeOffset.UnixEpoch).Ticks * 100;
        for (;;)
        {
            var last = Volatile.Read(ref _lastName);
            var next = wanted > last ? wanted : last + 1;
            if (Interlocked.CompareExchange(ref _lastName, next, last) == last) return next;
        }
    }

    internal sealed record Recorded(EventKey Key, EventNote Note, DateTimeOffset Time);

    /// <summary>A note; or a request to flush; or, with neither, a tick.</summary>
    private readonly record struct Item(DateTimeOffset Time, Recorded? Note, TaskCompletionSource? Flushed);

    private sealed class Series(Eventsv1Event e)
    {
        public Eventsv1Event Event { get; set; } = e;

        public int Count { get; set; } = 1;

        public int Written { get; set; } = 1;

        public DateTimeOffset Last { get; set; }

        public DateTimeOffset LastWritten { get; set; }
    }
}
