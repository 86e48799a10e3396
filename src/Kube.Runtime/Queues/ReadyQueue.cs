namespace Kube.Runtime;

/// <summary>
/// The part of a <see cref="WorkQueue{TKey}"/> that holds what can be worked on now: the lanes, what is being worked on, and
/// the workers that wait. Not thread-safe: the queue's lock guards it.
/// </summary>
internal sealed class ReadyQueue<TKey>(TimeProvider time, TagList tags)
    where TKey : notnull
{
    private const int Lanes = 3;

    // Every key that is queued or processed, and nothing else.
    private readonly Dictionary<TKey, Entry> _entries = [];
    private readonly LinkedList<Entry>[] _queued = [new(), new(), new()];
    private readonly LinkedList<Waiter>[] _waiters = [new(), new(), new()];
    private int _processing;

    public int Depth => _queued.Sum(lane => lane.Count);

    public IReadOnlyList<int> DepthByLane => [.. _queued.Select(lane => lane.Count)];

    public double[] RunningSeconds => [.. _entries.Values.Where(e => e.Processing).Select(e => time.GetElapsedTime(e.Since).TotalSeconds)];

    /// <summary>Nothing queued in the lanes up to this one, and nothing in work that may come back to them.</summary>
    public bool IsDrained(Lane slowestLane) => _processing == 0 && _queued.Take((int)slowestLane + 1).All(lane => lane.Count == 0);

    public bool IsProcessing(TKey key) => _entries.TryGetValue(key, out var entry) && entry.Processing;

    public void Add(TKey key, Lane lane)
    {
        if (!_entries.TryGetValue(key, out var entry))
        {
            entry = new Entry(key) { Since = time.GetTimestamp() };
            _entries[key] = entry;
            RuntimeMetrics.QueueAdds.Add(1, tags);
            Push(entry, lane);
        }
        else if (entry.Processing)
        {
            if (entry.Again is null)
            {
                entry.AddedAgain = time.GetTimestamp();
                RuntimeMetrics.QueueAdds.Add(1, tags);
            }

            if (entry.Again is null || lane < entry.Again) entry.Again = lane;
        }
        else if (lane < entry.Lane)
        {
            _queued[(int)entry.Lane].Remove(entry.Node);
            Push(entry, lane);
        }
    }

    public bool TryTake(Lane slowestLane, out WorkItem<TKey> item)
    {
        for (var lane = 0; lane <= (int)slowestLane; lane++)
        {
            if (_queued[lane].First is not { } first) continue;
            item = Take(first.Value);
            return true;
        }

        item = default;
        return false;
    }

    public Waiter Wait(Lane slowestLane)
    {
        var waiter = new Waiter();
        waiter.Node = _waiters[(int)slowestLane].AddLast(waiter);
        return waiter;
    }

    public static void Cancel(Waiter waiter, CancellationToken cancellationToken)
    {
        if (waiter.Node.List is not { } list) return; // it was handed an item first
        list.Remove(waiter.Node);
        waiter.Answer.SetCanceled(cancellationToken);
    }

    public void Done(TKey key)
    {
        if (!_entries.TryGetValue(key, out var entry) || !entry.Processing) throw new InvalidOperationException($"'{key}' is not being worked on");
        RuntimeMetrics.WorkDuration.Record(time.GetElapsedTime(entry.Since).TotalSeconds, tags);
        entry.Processing = false;
        _processing--;
        if (entry.Again is { } lane)
        {
            entry.Again = null;
            entry.Since = entry.AddedAgain;
            Push(entry, lane);
        }
        else
        {
            _entries.Remove(key);
        }
    }

    /// <summary>Releases the waiting workers of drained lanes: nothing more comes.</summary>
    public void ReleaseDrained()
    {
        for (var slowest = Lane.Urgent; slowest <= Lane.Background; slowest++)
        {
            if (!IsDrained(slowest)) continue;
            var waiters = _waiters[(int)slowest];
            while (waiters.First is { } waiter)
            {
                waiters.RemoveFirst();
                waiter.Value.Answer.SetResult(null);
            }
        }
    }

    /// <summary>To the waiting worker that can do the least else, so that one that takes every lane stays free.</summary>
    private void Push(Entry entry, Lane lane)
    {
        entry.Lane = lane;
        entry.Node = _queued[(int)lane].AddLast(entry);
        for (var slowest = (int)lane; slowest < Lanes; slowest++)
        {
            if (_waiters[slowest].First is not { } waiter) continue;
            _waiters[slowest].Remove(waiter);
            waiter.Value.Answer.SetResult(Take(entry));
            return;
        }
    }

    private WorkItem<TKey> Take(Entry entry)
    {
        _queued[(int)entry.Lane].Remove(entry.Node);
        var now = time.GetTimestamp();
        RuntimeMetrics.QueueDuration.Record(time.GetElapsedTime(entry.Since, now).TotalSeconds, tags);
        entry.Since = now;
        entry.Processing = true;
        _processing++;
        return new(entry.Key, entry.Lane);
    }

    internal sealed class Waiter
    {
        public TaskCompletionSource<WorkItem<TKey>?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public LinkedListNode<Waiter> Node { get; set; } = null!;
    }

    private sealed class Entry(TKey key)
    {
        public TKey Key { get; } = key;

        public Lane Lane { get; set; }

        public LinkedListNode<Entry> Node { get; set; } = null!;

        public bool Processing { get; set; }

        // Since when it is queued, or processed.
        public long Since { get; set; }

        // Added while being processed: where to queue it afterwards, and since when it waits for that.
        public Lane? Again { get; set; }

        public long AddedAgain { get; set; }
    }
}
