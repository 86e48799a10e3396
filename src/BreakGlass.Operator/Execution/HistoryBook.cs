using System.Collections.Concurrent;
using BreakGlass.Core.Lifecycle;
using k8s;
using k8s.Models;
using Kube.Client;

namespace BreakGlass.Operator.Execution;

/// <summary>
/// What happened lately to the objects of each grant, from one run to the next: by it the operator knows what to leave alone for a while. In memory only,
/// of grants that are not over.
/// </summary>
internal sealed class HistoryBook(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Chapter> _grants = new();

    /// <summary>All of a grant that still matters. What is known of an earlier grant of the name goes.</summary>
    /// <param name="grant">The grant's name.</param>
    /// <param name="uid">Its UID; null where there is no grant of the name.</param>
    public IReadOnlyList<PlaceHistory> Of(string grant, string? uid)
    {
        if (!_grants.TryGetValue(grant, out var chapter)) return [];
        if (chapter.Uid != uid)
        {
            _grants.TryRemove(KeyValuePair.Create(grant, chapter));
            return [];
        }

        var now = time.GetUtcNow();
        foreach (var (key, history) in chapter.Places)
        {
            if (history.IsPast(now)) chapter.Places.TryRemove(KeyValuePair.Create(key, history));
        }

        return [.. chapter.Places.Values];
    }

    /// <summary>Notes what happened to an object.</summary>
    /// <returns>What is known of it now.</returns>
    public PlaceHistory Note(string grant, string uid, IKubernetesObject<V1ObjectMeta> place, Func<PlaceHistory, DateTimeOffset, PlaceHistory> change)
    {
        var now = time.GetUtcNow();
        var stub = place.WithUid("");
        var chapter = _grants.AddOrUpdate(grant, _ => new(uid), (_, there) => there.Uid == uid ? there : new(uid));
        return chapter.Places.AddOrUpdate($"{stub.KindName} {stub.Key}", _ => change(new(stub), now), (_, history) => change(history, now));
    }

    /// <summary>Lets go of a grant that is over, or gone.</summary>
    public void Forget(string grant) => _grants.TryRemove(grant, out _);

    /// <summary>One grant, by the place of each object.</summary>
    private sealed class Chapter(string uid)
    {
        public string Uid => uid;

        public ConcurrentDictionary<string, PlaceHistory> Places { get; } = new();
    }
}
