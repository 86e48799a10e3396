namespace Kube.Runtime;

/// <summary>
/// Keys that wait for their instant, in its order; those of the same instant in the order in which they came. A key is there once. Not thread-safe.
/// </summary>
internal sealed class WaitingKeys<TKey>
    where TKey : notnull
{
    private readonly SortedSet<Entry> _entries = new(Comparer<Entry>.Create((a, b) => (a.Due, a.Order).CompareTo((b.Due, b.Order))));
    private readonly Dictionary<TKey, Entry> _byKey = [];
    private long _order;

    public int Count => _entries.Count;

    public DateTimeOffset? Earliest => _entries.Min?.Due;

    /// <summary>Adds a key. If it waits already, the earlier instant and the more urgent lane of the two hold.</summary>
    /// <returns>Whether the earliest instant is another one now.</returns>
    public bool Add(TKey key, DateTimeOffset due, Lane lane)
    {
        if (_byKey.TryGetValue(key, out var entry))
        {
            if (lane < entry.Lane) entry.Lane = lane;
            if (due >= entry.Due) return false;
            _entries.Remove(entry);
            entry.Due = due;
        }
        else
        {
            _byKey[key] = entry = new(key, _order++) { Due = due, Lane = lane };
        }

        _entries.Add(entry);
        return _entries.Min == entry;
    }

    /// <summary>Takes out the earliest key if its instant has come.</summary>
    public bool TryTake(DateTimeOffset now, [MaybeNullWhen(false)] out TKey key, out Lane lane)
    {
        if (_entries.Min is not { } first || first.Due > now)
        {
            (key, lane) = (default, default);
            return false;
        }

        _entries.Remove(first);
        _byKey.Remove(first.Key);
        (key, lane) = (first.Key, first.Lane);
        return true;
    }

    /// <summary>Moves every instant by the same amount; the order stays.</summary>
    public void Shift(TimeSpan by)
    {
        foreach (var entry in _entries) entry.Due += by;
    }

    public void Clear()
    {
        _entries.Clear();
        _byKey.Clear();
    }

    private sealed class Entry(TKey key, long order)
    {
        public TKey Key => key;

        public long Order => order;

        public DateTimeOffset Due { get; set; }

        public Lane Lane { get; set; }
    }
}
