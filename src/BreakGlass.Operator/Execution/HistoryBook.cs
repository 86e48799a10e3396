using System.Collections.Concurrent;
using BreakGlass.Core.Lifecycle;
using Kube.Model;

namespace BreakGlass.Operator.Execution;

/// <summary>
/// What happened lately to the objects of each grant, from one run to the next: by it the operator knows what to leave alone for a while. In memory only,
/// of grants that are not over.
/// </summary>
internal sealed class HistoryBook(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, PlaceHistory>> _grants = new();

    /// <summary>All of a grant that still matters.</summary>
    public IReadOnlyList<PlaceHistory> Of(string? grantUid)
    {
        if (grantUid is null || !_grants.TryGetValue(grantUid, out var places)) return [];
        var now = time.GetUtcNow();
        foreach (var (key, history) in places)
        {
            if (history.IsPast(now)) places.TryRemove(KeyValuePair.Create(key, history));
        }

        return [.. places.Values];
    }

    /// <summary>Notes what happened to an object.</summary>
    /// <returns>What is known of it now.</returns>
    public PlaceHistory Note(string grantUid, IKubeObject place, Func<PlaceHistory, DateTimeOffset, PlaceHistory> change)
    {
        var now = time.GetUtcNow();
        var stub = place.WithUid("");
        return _grants.GetOrAdd(grantUid, _ => new()).AddOrUpdate(
            $"{stub.Kind} {ObjectKey.Of(stub)}", _ => change(new(stub), now), (_, history) => change(history, now));
    }

    /// <summary>Lets go of a grant that is over.</summary>
    public void Forget(string grantUid) => _grants.TryRemove(grantUid, out _);
}
