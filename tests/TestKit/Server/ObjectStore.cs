using System.Globalization;
using System.Text.Json.Nodes;

namespace TestKit;

/// <summary>
/// What etcd is to the real server: all objects, one revision counter, the log of changes. Stored objects are never changed
/// in place. Whoever calls holds <see cref="Gate"/>.
/// </summary>
internal sealed class ObjectStore
{
    private readonly Dictionary<(string Group, string Plural), SortedDictionary<StoreKey, JsonObject>> _objects = [];
    private readonly List<Change> _log = [];

    public Lock Gate { get; } = new();

    /// <summary>The revision of the last change. Starts well above zero, as a cluster that has lived a little does.</summary>
    public long Revision { get; private set; } = 1000;

    /// <summary>Changes up to this one are forgotten: a watch or list from before it is told 410.</summary>
    public long CompactedRevision { get; private set; } = 1000;

    /// <summary>Called with every change, under the gate, in order.</summary>
    public Action<Change>? OnChange { get; set; }

    public JsonObject? Find(ResourceDefinition r, StoreKey key) => Bucket(r).GetValueOrDefault(key);

    public IEnumerable<KeyValuePair<StoreKey, JsonObject>> All(ResourceDefinition r) => Bucket(r);

    public IEnumerable<KeyValuePair<StoreKey, JsonObject>> In(ResourceDefinition r, string ns) =>
        ns.Length == 0 ? Bucket(r) : Bucket(r).Where(p => p.Key.Namespace == ns);

    /// <summary>Stores an object under the next revision; <paramref name="o"/> now belongs to the store.</summary>
    public JsonObject Set(ResourceDefinition r, StoreKey key, JsonObject o)
    {
        var bucket = Bucket(r);
        var old = bucket.GetValueOrDefault(key);
        o.Meta()["resourceVersion"] = Next().ToString(CultureInfo.InvariantCulture);
        bucket[key] = o;
        Log(new(Revision, r, key, old, o));
        return o;
    }

    /// <summary>Removes an object; its last state, with the revision of the removal, is what watchers are told.</summary>
    public JsonObject Remove(ResourceDefinition r, StoreKey key)
    {
        var bucket = Bucket(r);
        var old = bucket[key];
        bucket.Remove(key);
        Next();
        Log(new(Revision, r, key, old, null));
        return WithRevision(old, Revision);
    }

    /// <summary>The objects of a resource as they were at a revision that is not compacted.</summary>
    public SortedDictionary<StoreKey, JsonObject> At(ResourceDefinition r, long revision)
    {
        var objects = new SortedDictionary<StoreKey, JsonObject>(Bucket(r), StoreKey.Order);
        for (var i = _log.Count - 1; i >= 0 && _log[i].Revision > revision; i--)
        {
            var change = _log[i];
            if (!Same(change.Resource, r)) continue;
            if (change.Old is null) objects.Remove(change.Key);
            else objects[change.Key] = change.Old;
        }

        return objects;
    }

    /// <summary>The changes of a resource after a revision.</summary>
    public IEnumerable<Change> Since(ResourceDefinition r, long revision)
    {
        var first = _log.Count;
        while (first > 0 && _log[first - 1].Revision > revision) first--;
        return _log.Skip(first).Where(c => Same(c.Resource, r));
    }

    /// <summary>Forgets the changes up to <paramref name="revision"/>.</summary>
    public void Compact(long revision)
    {
        CompactedRevision = Math.Max(CompactedRevision, Math.Min(revision, Revision));
        _log.RemoveAll(c => c.Revision <= CompactedRevision);
    }

    /// <summary>Raises the counter without a change, as writes to other resources do.</summary>
    public void Skip(long revisions) => Revision += revisions;

    public static bool Same(ResourceDefinition a, ResourceDefinition b) => a.Plural == b.Plural && a.Group == b.Group;

    public static JsonObject WithRevision(JsonObject o, long revision)
    {
        var copy = o.Clone();
        copy.Meta()["resourceVersion"] = revision.ToString(CultureInfo.InvariantCulture);
        return copy;
    }

    private long Next() => ++Revision;

    private void Log(Change change)
    {
        _log.Add(change);
        OnChange?.Invoke(change);
    }

    private SortedDictionary<StoreKey, JsonObject> Bucket(ResourceDefinition r)
    {
        if (_objects.TryGetValue((r.Group, r.Plural), out var bucket)) return bucket;
        return _objects[(r.Group, r.Plural)] = new(StoreKey.Order);
    }
}
