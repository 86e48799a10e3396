using System.Text;
using System.Text.Json.Nodes;

namespace TestKit;

/// <summary>One open watch. All but the public members are called under the store's gate.</summary>
public sealed class FakeWatch
{
    private readonly Queue<Change> _held = [];
    private readonly Selectors _selectors;
    private readonly bool _metadataOnly;
    private readonly bool _bookmarks;
    private long _sent;

    internal FakeWatch(ApiCall call, ResourceDefinition resource, Selectors selectors, bool metadataOnly, Signal changed, Action<FakeWatch> onClosed)
    {
        Call = call;
        Resource = resource;
        _selectors = selectors;
        _metadataOnly = metadataOnly;
        _bookmarks = call.Parameters["allowWatchBookmarks"] is "true" or "1";
        Stream = new(changed, () => onClosed(this));
    }

    /// <summary>The request that opened it.</summary>
    public ApiCall Call { get; }

    /// <summary>What it watches.</summary>
    public ResourceDefinition Resource { get; }

    /// <summary>Whether it delivers nothing any more, though it stays open.</summary>
    public bool IsSilent { get; internal set; }

    /// <summary>Whether the client has read all that was sent and waits for more.</summary>
    public bool IsDrained => Stream.IsDrained;

    internal WatchStream Stream { get; }

    internal ITimer? Bookmarks { get; set; }

    internal ITimer? Deadline { get; set; }

    /// <summary>The revision after which changes are held back, while they are.</summary>
    internal long? HeldAt { get; private set; }

    internal void Hold(long revision) => HeldAt ??= revision;

    internal void Release()
    {
        HeldAt = null;
        while (_held.TryDequeue(out var change)) Deliver(change);
    }

    internal void Offer(Change change)
    {
        if (IsSilent || change.Revision <= _sent) return;
        if (change.Revision > HeldAt) _held.Enqueue(change);
        else Deliver(change);
    }

    internal void SendExisting(IEnumerable<KeyValuePair<StoreKey, JsonObject>> objects, long revision)
    {
        foreach (var (key, o) in objects)
        {
            if (InScope(key) && _selectors.Match(o)) Send("ADDED", o);
        }

        _sent = revision;
    }

    internal void StartAfter(long revision) => _sent = revision;

    internal void SendBookmark(long revision, bool initialEventsEnd = false)
    {
        if (!_bookmarks || IsSilent) return;
        var meta = new JsonObject { ["resourceVersion"] = Json.Invariant(Math.Min(revision, HeldAt ?? revision)), ["creationTimestamp"] = null };
        if (initialEventsEnd) meta["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        var o = new JsonObject { ["kind"] = Resource.Kind, ["apiVersion"] = Resource.ApiVersion, ["metadata"] = meta };
        Send("BOOKMARK", o);
    }

    internal void SendError(ApiException error)
    {
        Line("ERROR", error.Body.Clone());
        Stream.End();
    }

    internal void SendRaw(string text) => Stream.Send(Encoding.UTF8.GetBytes(text));

    private bool InScope(StoreKey key) => (Call.Namespace.Length == 0 || key.Namespace == Call.Namespace) && (Call.Name.Length == 0 || key.Name == Call.Name);

    // An object that comes into or falls out of the selection is added or deleted as far as this watch can see.
    private void Deliver(Change change)
    {
        _sent = change.Revision;
        if (!InScope(change.Key)) return;
        var was = change.Old is not null && _selectors.Match(change.Old);
        var now = change.New is not null && _selectors.Match(change.New);
        if (now) Send(was ? "MODIFIED" : "ADDED", change.New!);
        else if (was) Send("DELETED", ObjectStore.WithRevision(change.Old!, change.Revision));
    }

    private void Send(string type, JsonObject o) => Line(type, _metadataOnly ? o.MetadataOnly() : o.Clone());

    private void Line(string type, JsonObject o) =>
        SendRaw(new JsonObject { ["type"] = type, ["object"] = o }.ToJsonString() + "\n");
}
