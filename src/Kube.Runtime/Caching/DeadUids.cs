namespace Kube.Runtime;

/// <summary>
/// UIDs whose deletion was answered to us and that the watch has not shown yet. Bounded: a deletion that the watch had
/// shown before we learned of it is never confirmed again, and such entries must not pile up for the life of the process.
/// </summary>
internal sealed class DeadUids
{
    internal const int Capacity = 16_384;

    private readonly Dictionary<string, ulong> _lastVersion = [];
    private readonly Queue<string> _order = new();

    public int Count => _lastVersion.Count;

    /// <param name="uid">The UID that is gone.</param>
    /// <param name="lastVersion">The last version it was seen with; 0 when never seen.</param>
    public void Add(string uid, ulong lastVersion)
    {
        if (!_lastVersion.TryAdd(uid, lastVersion)) return;
        _order.Enqueue(uid);
        while (_order.Count > Capacity) _lastVersion.Remove(_order.Dequeue());
    }

    public bool Contains(string? uid) => uid is not null && _lastVersion.ContainsKey(uid);

    public void Remove(string? uid)
    {
        if (uid is not null) _lastVersion.Remove(uid);
    }

    public void Clear()
    {
        _lastVersion.Clear();
        _order.Clear();
    }

    /// <summary>A list at <paramref name="listVersion"/> without a UID that was seen at or before that version confirms that it is gone.</summary>
    public void ConfirmedBy(ulong listVersion, IReadOnlySet<string> listed)
    {
        foreach (var (uid, last) in _lastVersion)
        {
            if (last != 0 && last <= listVersion && !listed.Contains(uid)) _lastVersion.Remove(uid);
        }
    }
}
