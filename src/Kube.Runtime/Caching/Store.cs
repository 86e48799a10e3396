namespace Kube.Runtime;

/// <summary>
/// The cache of one kind. An <see cref="Informer{T}"/> fills it from list and watch; the writer of an object may put the
/// API server's answer in at once (<see cref="Learn"/>), so that it reads its own writes.
/// </summary>
/// <remarks>
/// <para>For one object the store never goes back in time: a version older than the one it holds is not taken, wherever it
/// comes from, and a UID that was learned to be deleted does not come back with events from before the deletion.</para>
/// <para>Only a list may rewind it, and only when the server's own history was rewound (etcd restored from a backup).</para>
/// <para>Thread-safe. What it returns is shared and must not be changed (<see cref="MutationDetection"/>).</para>
/// </remarks>
/// <param name="indexers">Index name → values of an object under it. Pure functions that do not throw.</param>
/// <param name="transform">Applied to every object before it is kept, to drop what is never read. Must leave the metadata's identity as it is.</param>
[SuppressMessage("Naming", "CA1710", Justification = "It is a store in the words of client-go, not a collection.")]
public sealed class Store<T>(IReadOnlyDictionary<string, Func<T, IEnumerable<string>>>? indexers = null, Func<T, T>? transform = null)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectKey, T> _items = [];
    private readonly Dictionary<string, Index<T>> _indexes = (indexers ?? new Dictionary<string, Func<T, IEnumerable<string>>>())
        .ToDictionary(indexer => indexer.Key, indexer => new Index<T>(indexer.Value));
    private readonly MutationDetector<T>? _detector = MutationDetection.IsOn ? new() : null;

    // For an object whose newest version was learned: the version that the server's own stream showed last.
    private readonly Dictionary<ObjectKey, T?> _shownBefore = [];

    // Of those, the ones that were read: what the watch shows of them is news.
    private readonly HashSet<ObjectKey> _read = [];
    private readonly DeadUids _dead = new();

    // If a learned deletion left no object: the version up to which everything about that name is past. Removed once the watch has reached it.
    private readonly Dictionary<ObjectKey, ulong> _past = [];

    // How far list and watch have come; every version up to here has been shown.
    private ulong _seen;

    /// <summary>How many objects there are.</summary>
    public int Count
    {
        get { lock (_lock) return _items.Count; }
    }

    /// <summary>The object with this key, or null.</summary>
    public T? Get(ObjectKey key)
    {
        lock (_lock) return _items.GetValueOrDefault(key);
    }

    /// <summary>All objects at this moment, in no order.</summary>
    public IReadOnlyList<T> List()
    {
        lock (_lock) return [.. _items.Values];
    }

    /// <summary>The objects with a value in an index, in no order.</summary>
    /// <exception cref="ArgumentException">There is no such index.</exception>
    public IReadOnlyList<T> ByIndex(string index, string value)
    {
        lock (_lock)
        {
            return _indexes.TryGetValue(index, out var found)
                ? found.Find(value)
                : throw new ArgumentException(
                    $"the store of {typeof(T).Name} has no index '{index}'; it has: {string.Join(", ", _indexes.Keys)}", nameof(index));
        }
    }

    /// <summary>
    /// Puts the API server's answer to our own create, replace, patch or apply into the store. No handler is notified; the
    /// watch shows the same version later, as an update from it to itself. An answer that the watch has overtaken is dropped.
    /// </summary>
    public void Learn(T written) => Take(written, isRead: false);

    /// <summary>
    /// Puts what a read of ours found into the store, which may be ahead of the watch. The handlers have not seen it yet, so the watch reports it
    /// later as if it had not been known: as an update from what it showed before.
    /// </summary>
    public void LearnRead(T read) => Take(read, isRead: true);

    private T Kept(T item) => transform is null ? item : transform(item);

    private void Take(T learned, bool isRead)
    {
        var item = Kept(learned);
        var key = item.Key;
        var version = Versions.Of(item);
        lock (_lock)
        {
            if (_dead.Contains(item.Metadata.Uid) || IsPast(key, version)) return;
            if (_items.TryGetValue(key, out var held))
            {
                if (version != 0 && version <= Versions.Of(held)) return;
            }
            else if (version != 0 && version <= _seen)
            {
                // The watch has come past this version and shows no such object, so it was deleted since.
                return;
            }

            _shownBefore.TryAdd(key, held);
            if (isRead) _read.Add(key);
            Put(key, item);
        }
    }

    /// <summary>
    /// Takes an object out because the API server has answered our delete of it. Only for a deletion that is complete; one
    /// that waits for finalizers shows on the watch, and the object comes back with its deletionTimestamp.
    /// </summary>
    /// <param name="key">The object's key.</param>
    /// <param name="uid">The UID that was deleted; another object of the same name stays.</param>
    public void LearnDeleted(ObjectKey key, string uid)
    {
        lock (_lock)
        {
            var held = _items.GetValueOrDefault(key);
            var isHeld = held?.Metadata.Uid == uid;
            _dead.Add(uid, isHeld ? Versions.Of(held!) : 0);
            if (!isHeld) return;
            _past[key] = Math.Max(_past.GetValueOrDefault(key), Versions.Of(held!));
            Drop(key);
        }
    }

    /// <summary>Takes an ADDED or MODIFIED event. Null if there is nothing for the handlers.</summary>
    internal Change<T>? Upsert(T shown)
    {
        var item = Kept(shown);
        var key = item.Key;
        lock (_lock)
        {
            Saw(Versions.Of(item));
            if (IsPast(key, Versions.Of(item)) || IsFromBeforeItsDeletion(item)) return null;
            _past.Remove(key);
            if (!_items.TryGetValue(key, out var held))
            {
                Put(key, item);
                return new(ChangeKind.Added, item);
            }

            // Our own write is newer. Somebody else's change may be in this event, and it has to be looked at even if our
            // write came out of a state without it: reported as an update from here to what we hold.
            if (Versions.IsOlder(Versions.Of(item), Versions.Of(held))) return new(ChangeKind.Updated, held, item);

            _shownBefore.Remove(key, out var before);
            var isNews = _read.Remove(key);
            Put(key, item);
            return isNews && before is null ? new(ChangeKind.Added, item) : new(ChangeKind.Updated, item, isNews ? before : held);
        }
    }

    /// <summary>Takes a DELETED event.</summary>
    internal Change<T>? Remove(T shown)
    {
        var key = shown.Key;
        lock (_lock)
        {
            Saw(Versions.Of(shown));
            _dead.Remove(shown.Metadata.Uid);
            if (!IsPast(key, Versions.Of(shown))) _past.Remove(key);
            if (_items.TryGetValue(key, out var held) && held.Metadata.Uid == shown.Metadata.Uid) Drop(key);
            return new(ChangeKind.Deleted, shown);
        }
    }

    /// <summary>Takes a bookmark: everything up to this version has been shown.</summary>
    internal void Bookmark(string? version)
    {
        lock (_lock) Saw(Versions.Parse(version));
    }

    /// <summary>Takes a whole list and says what is different from before.</summary>
    internal IReadOnlyList<Change<T>> Replace(KubeList<T> list)
    {
        var version = Versions.Parse(list.Metadata.ResourceVersion);
        var changes = new List<Change<T>>(list.Items.Count);
        lock (_lock)
        {
            var rewound = Versions.IsOlder(version, _seen);
            if (rewound) ForgetWhatWasLearned();
            _seen = version;

            var listed = new HashSet<ObjectKey>(list.Items.Count);
            foreach (var shown in list.Items)
            {
                var item = Kept(shown);
                var key = item.Key;
                if (IsPast(key, Versions.Of(item)) || IsFromBeforeItsDeletion(item)) continue;
                listed.Add(key);
                changes.Add(TakeListed(key, item, rewound));
            }

            foreach (var (key, held) in _items)
            {
                if (listed.Contains(key)) continue;
                if (!rewound && Versions.IsOlder(version, Versions.Of(held))) continue; // learned after the list was taken
                Drop(key);
                changes.Add(new(ChangeKind.Deleted, held, FinalStateUnknown: true));
            }

            foreach (var (key, past) in _past)
            {
                if (past <= version) _past.Remove(key);
            }

            if (_dead.Count > 0) _dead.ConfirmedBy(version, list.Items.Select(o => o.Metadata.Uid ?? "").ToHashSet());
        }

        return changes;
    }

    /// <summary>Checks that every object is as it came in; does nothing if <see cref="MutationDetection"/> is off.</summary>
    /// <exception cref="CacheMutatedException">One was changed.</exception>
    internal void CheckUnchanged()
    {
        if (_detector is null) return;
        lock (_lock)
        {
            foreach (var (key, held) in _items) _detector.Check(key, held);
        }
    }

    private Change<T> TakeListed(ObjectKey key, T item, bool rewound)
    {
        if (!_items.TryGetValue(key, out var held))
        {
            Put(key, item);
            return new(ChangeKind.Added, item);
        }

        if (!rewound && Versions.IsOlder(Versions.Of(item), Versions.Of(held))) return new(ChangeKind.Updated, held, item);

        // A change by somebody else between what was shown before and our own write would go unseen as "same version".
        var isNews = _read.Remove(key);
        if (_shownBefore.Remove(key, out var before) && (before is not null || isNews)) held = before;
        Put(key, item);
        if (held is null) return new(ChangeKind.Added, item);
        return new(ChangeKind.Updated, item, held);
    }

    private void ForgetWhatWasLearned()
    {
        _shownBefore.Clear();
        _read.Clear();
        _dead.Clear();
        _past.Clear();
    }

    /// <summary>Of this or an earlier object of that name, and from before the last one was deleted by us.</summary>
    private bool IsPast(ObjectKey key, ulong version) => version != 0 && _past.TryGetValue(key, out var past) && version <= past;

    /// <summary>A dead UID that shows a deletionTimestamp was not deleted after all: finalizers hold it.</summary>
    private bool IsFromBeforeItsDeletion(T item)
    {
        if (!_dead.Contains(item.Metadata.Uid)) return false;
        if (item.Metadata.DeletionTimestamp is null) return true;
        _dead.Remove(item.Metadata.Uid);
        return false;
    }

    private void Saw(ulong version)
    {
        if (version > _seen) _seen = version;
    }

    private void Put(ObjectKey key, T item)
    {
        // Values first: a function that throws must leave store and indexes in agreement.
        var values = _indexes.Values.Select(index => (index, index.ValuesOf(item))).ToArray();
        if (_items.TryGetValue(key, out var held))
        {
            _detector?.Check(key, held);
            Unindex(held);
        }

        _items[key] = item;
        _detector?.Remember(key, item);
        foreach (var (index, of) in values) index.Add(of, item);
    }

    private void Drop(ObjectKey key)
    {
        if (_items.TryGetValue(key, out var held))
        {
            _detector?.Check(key, held);
            _detector?.Forget(key);
            _items.Remove(key);
            Unindex(held);
        }

        _shownBefore.Remove(key);
        _read.Remove(key);
    }

    private void Unindex(T held)
    {
        foreach (var index in _indexes.Values) index.Remove(held);
    }
}
