using System.Globalization;

namespace TestKit;

/// <summary>All open watches: delivers changes to them, and lets a test disturb them.</summary>
public sealed class WatchControl
{
    // Without timeoutSeconds the real server picks between --min-request-timeout (1800 s) and twice that.
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(2700);
    private static readonly TimeSpan BookmarkPeriod = TimeSpan.FromMinutes(1);

    private readonly List<FakeWatch> _open = [];
    private readonly List<Hold> _holds = [];
    private readonly List<Func<FakeWatch, bool>> _silences = [];
    private readonly ObjectStore _store;
    private readonly FakeClock _clock;
    private readonly Signal _changed;

    internal WatchControl(ObjectStore store, FakeClock clock, Signal changed)
    {
        (_store, _clock, _changed) = (store, clock, changed);
        store.OnChange = OnChange;
    }

    private sealed record Hold(Func<FakeWatch, bool> Which, string Resource, long Revision);

    /// <summary>The open watches.</summary>
    public IReadOnlyList<FakeWatch> Open
    {
        get { lock (_store.Gate) return [.. _open]; }
    }

    /// <summary>Completes once at least <paramref name="count"/> watches of a resource (plural) are open.</summary>
    public Task WhenOpen(string resource, int count = 1) => _changed
        .Until(() => Open.Count(w => w.Resource.Plural == resource) >= count, $"{count} open watch(es) of {resource}",
        () => $"open: [{string.Join(", ", Open.Select(w => w.Call))}]");

    /// <summary>
    /// Completes once every open watch that is neither silent nor held has been read to its end: its reader has dealt with every change so far.
    /// </summary>
    public Task WhenDrained() => _changed.Until(() => Open.All(w => w.IsSilent || w.IsDrained), "every watch to be read to its end");

    /// <summary>
    /// Holds back the delivery of changes on watches of a resource (plural), and lists with resourceVersion=0 show the state of
    /// now, until the answer is disposed: a stale cache. What was held is then delivered in order. Writes and other reads go on.
    /// </summary>
    /// <param name="resource">Plural.</param>
    /// <param name="client">Only watches of this client; all unless given.</param>
    public IDisposable HoldBack(string resource, string? client = null)
    {
        lock (_store.Gate)
        {
            var hold = new Hold(w => w.Resource.Plural == resource && (client is null || w.Call.Client == client), resource, _store.Revision);
            _holds.Add(hold);
            foreach (var watch in _open.Where(hold.Which)) watch.Hold(hold.Revision);
            return new Ending(() => Release(hold));
        }
    }

    /// <summary>
    /// Watches of a resource (open and new) deliver nothing and do not end, though they stay open, until the answer is disposed.
    /// What happened meanwhile is lost to them; a watch that has been silent stays so.
    /// </summary>
    public IDisposable Silence(string resource)
    {
        lock (_store.Gate)
        {
            bool Which(FakeWatch w) => w.Resource.Plural == resource;
            _silences.Add(Which);
            foreach (var watch in _open.Where(Which)) watch.IsSilent = true;
            return new Ending(() =>
            {
                lock (_store.Gate) _silences.Remove(Which);
            });
        }
    }

    /// <summary>Ends watches cleanly, as a server does that is busy or has enough of them.</summary>
    public void Close(Func<FakeWatch, bool>? which = null) => Each(which, w => w.Stream.End());

    /// <summary>Breaks watches off as a reset connection does.</summary>
    public void Break(Func<FakeWatch, bool>? which = null) => Each(which, w => w.Stream.End(new IOException("The response ended prematurely.")));

    /// <summary>Sends an ERROR event and closes.</summary>
    public void SendError(int code, string reason, string message, Func<FakeWatch, bool>? which = null) =>
        Each(which, w => w.SendError(ApiException.Of(code, reason, message)));

    /// <summary>Sends 410 Expired as an ERROR event and closes.</summary>
    public void Expire(Func<FakeWatch, bool>? which = null) => Each(which, w => w.SendError(ApiException.Expired("too old resource version")));

    /// <summary>Sends text as it is; a line break must be in it.</summary>
    public void SendRaw(string text, Func<FakeWatch, bool>? which = null) => Each(which, w => w.SendRaw(text));

    /// <summary>Sends a bookmark now, to those that allow it. Otherwise they come every minute of the fake clock.</summary>
    public void SendBookmarks() => Each(null, w => w.SendBookmark(_store.Revision));

    internal long? HeldAt(ResourceDefinition r) => _holds.FirstOrDefault(h => h.Resource == r.Plural)?.Revision;

    /// <summary>Opens a watch; called under the gate.</summary>
    internal FakeWatch Start(ApiCall call, ResourceDefinition r, bool metadataOnly)
    {
        var query = call.Parameters;
        var watch = new FakeWatch(call, r, Selectors.Parse(r, query["labelSelector"], query["fieldSelector"]), metadataOnly, _changed, Remove);
        var from = Lister.ParseNumber(query["resourceVersion"], "resourceVersion");
        var timeout = Lister.ParseNumber(query["timeoutSeconds"], "timeoutSeconds") is { } s and > 0 ? TimeSpan.FromSeconds(s) : DefaultTimeout;
        var initialEvents = query["sendInitialEvents"] is "true" or "1";
        if (initialEvents && query["resourceVersionMatch"] != "NotOlderThan")
        {
            throw ApiException.Invalid("meta.k8s.io", "ListOptions", "",
                FieldError.Forbidden("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
        }

        if (_silences.Any(quiet => quiet(watch))) watch.IsSilent = true;
        foreach (var hold in _holds.Where(h => h.Which(watch))) watch.Hold(hold.Revision);
        _open.Add(watch);
        watch.Bookmarks = _clock.CreateBackgroundTimer(() => Tick(watch, w => w.SendBookmark(_store.Revision)), BookmarkPeriod, BookmarkPeriod);
        watch.Deadline = _clock.CreateBackgroundTimer(() => Tick(watch, TimeOut), timeout, Timeout.InfiniteTimeSpan);
        if (!watch.IsSilent) Begin(watch, r, from, initialEvents);
        _changed.Raise();
        return watch;
    }

    private void Begin(FakeWatch watch, ResourceDefinition r, long? from, bool initialEvents)
    {
        if (from is null or 0 || initialEvents)
        {
            var revision = from is null ? _store.Revision : watch.HeldAt ?? _store.Revision;
            watch.SendExisting(revision == _store.Revision ? _store.All(r) : _store.At(r, revision), revision);
            if (initialEvents) watch.SendBookmark(revision, initialEventsEnd: true);
            foreach (var change in _store.Since(r, revision)) watch.Offer(change);
        }
        else if (from < _store.CompactedRevision)
        {
            watch.SendError(
                ApiException.Expired(string.Create(CultureInfo.InvariantCulture, $"too old resource version: {from} ({_store.CompactedRevision})")));
        }
        else
        {
            watch.StartAfter(from.Value);
            foreach (var change in _store.Since(r, from.Value)) watch.Offer(change);
        }
    }

    private void OnChange(Change change)
    {
        foreach (var watch in _open.Where(w => ObjectStore.Same(w.Resource, change.Resource)).ToList()) watch.Offer(change);
        _changed.Raise();
    }

    private void TimeOut(FakeWatch watch)
    {
        watch.SendBookmark(_store.Revision);
        watch.Stream.End();
    }

    private void Tick(FakeWatch watch, Action<FakeWatch> act)
    {
        lock (_store.Gate)
        {
            if (!watch.IsSilent && _open.Contains(watch)) act(watch);
        }
    }

    private void Release(Hold hold)
    {
        lock (_store.Gate)
        {
            if (!_holds.Remove(hold)) return;
            foreach (var watch in _open.Where(hold.Which).Where(w => !_holds.Any(h => h.Which(w)))) watch.Release();
        }

        _changed.Raise();
    }

    private void Each(Func<FakeWatch, bool>? which, Action<FakeWatch> act)
    {
        lock (_store.Gate)
        {
            foreach (var watch in _open.Where(which ?? (_ => true)).ToList()) act(watch);
        }
    }

    private void Remove(FakeWatch watch)
    {
        lock (_store.Gate) _open.Remove(watch);
        watch.Bookmarks?.Dispose();
        watch.Deadline?.Dispose();
        _changed.Raise();
    }

    private sealed class Ending(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
