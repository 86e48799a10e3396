namespace Kube.Runtime;

/// <summary>
/// Keys that wait for their instant: a binary min-heap that knows where each key stands, so that a key is there once and
/// moves forward in O(log n). Not thread-safe.
/// </summary>
internal sealed class DelayHeap<TKey>
    where TKey : notnull
{
    private readonly List<Entry> _heap = [];
    private readonly Dictionary<TKey, Entry> _byKey = [];

    public int Count => _heap.Count;

    public DateTimeOffset? Earliest => _heap.Count == 0 ? null : _heap[0].Due;

    /// <summary>Adds a key. If it waits already, the earlier instant and the more urgent lane of the two hold.</summary>
    /// <returns>Whether the earliest instant of the heap is another one now.</returns>
    public bool Add(TKey key, DateTimeOffset due, Lane lane)
    {
        if (!_byKey.TryGetValue(key, out var entry))
        {
            entry = new Entry { Key = key, Due = due, Lane = lane, Position = _heap.Count };
            _byKey[key] = entry;
            _heap.Add(entry);
        }
        else
        {
            if (lane < entry.Lane) entry.Lane = lane;
            if (due >= entry.Due) return false;
            entry.Due = due;
        }

        Rise(entry);
        return entry.Position == 0;
    }

    /// <summary>Takes out the earliest key if its instant has come.</summary>
    public bool TryTake(DateTimeOffset now, [MaybeNullWhen(false)] out TKey key, out Lane lane)
    {
        if (_heap.Count == 0 || _heap[0].Due > now)
        {
            (key, lane) = (default, default);
            return false;
        }

        var first = _heap[0];
        var last = _heap[^1];
        _heap.RemoveAt(_heap.Count - 1);
        _byKey.Remove(first.Key);
        if (last != first)
        {
            Place(last, 0);
            Sink(last);
        }

        (key, lane) = (first.Key, first.Lane);
        return true;
    }

    /// <summary>Moves every instant by the same amount; the order stays.</summary>
    public void Shift(TimeSpan by)
    {
        foreach (var entry in _heap) entry.Due += by;
    }

    public void Clear()
    {
        _heap.Clear();
        _byKey.Clear();
    }

    private void Rise(Entry entry)
    {
        while (entry.Position > 0)
        {
            var parent = _heap[(entry.Position - 1) / 2];
            if (parent.Due <= entry.Due) return;
            Swap(entry, parent);
        }
    }

    private void Sink(Entry entry)
    {
        for (;;)
        {
            var child = (entry.Position * 2) + 1;
            if (child >= _heap.Count) return;
            if (child + 1 < _heap.Count && _heap[child + 1].Due < _heap[child].Due) child++;
            if (entry.Due <= _heap[child].Due) return;
            Swap(_heap[child], entry);
        }
    }

    private void Swap(Entry up, Entry down)
    {
        var (high, low) = (down.Position, up.Position);
        Place(up, high);
        Place(down, low);
    }

    private void Place(Entry entry, int position)
    {
        _heap[position] = entry;
        entry.Position = position;
    }

    private sealed class Entry
    {
        public required TKey Key { get; init; }

        public DateTimeOffset Due { get; set; }

        public Lane Lane { get; set; }

        public int Position { get; set; }
    }
}
