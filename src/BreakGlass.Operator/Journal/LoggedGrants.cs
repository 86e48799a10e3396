using System.Collections.Immutable;
using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal;

/// <summary>
/// How many transitions of each grant are in the journal, as the journal itself says, and under which indices: those that the grant's status does not have
/// yet. One thread writes it; indices can be read from any.
/// </summary>
internal sealed class LoggedGrants
{
    private const int MostOfThoseGone = 8192;

    private readonly Dictionary<string, (int Count, DateTimeOffset Time, string Type)> _grants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string?> _settled = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ImmutableArray<JournaledTransition>> _indices = new(StringComparer.Ordinal);

    /// <summary>Takes note of an entry.</summary>
    public void Add(LoggedEntry logged, bool isKept)
    {
        var entry = logged.Entry;
        if (entry.Position is not { } position) return;
        if (isKept)
        {
            var known = _indices.GetValueOrDefault(position.Uid, []);
            if (!known.Any(k => k.Number == position.Number))
                _indices[position.Uid] = known.Add(new(position.Number, logged.Index, entry.Time, entry.Type));
        }

        if (_grants.TryGetValue(position.Uid, out var there) && there.Count > position.Number) return;
        _grants[position.Uid] = (position.Number + 1, entry.Time, entry.Type);
    }

    /// <summary>The number of a grant's transitions that are in the journal.</summary>
    public int Count(BreakGlassGrant grant) => _grants.GetValueOrDefault(grant.Metadata.Uid ?? "").Count;

    /// <summary>Whether all transitions of a grant are in the journal. It needs only the newest, so it is answered for a shortened copy too.</summary>
    public bool HasAll(BreakGlassGrant grant) =>
        grant.Status.Transitions is not [.., var newest]
        || (_settled.TryGetValue(grant.Metadata.Uid ?? "", out var version) && version == grant.Metadata.ResourceVersion)
        || HasNewest(grant);

    /// <summary>Whether the newest transition of a grant is the newest of it in the journal.</summary>
    public bool HasNewest(BreakGlassGrant grant) => grant.Status.Transitions is [.., var newest]
        && _grants.TryGetValue(grant.Metadata.Uid ?? "", out var known) && known.Time == newest.At && known.Type == GrantEntries.TypeOf(newest.To);

    /// <summary>The entries about a grant's transitions, as far as they are kept.</summary>
    public IReadOnlyList<JournaledTransition> EntriesOf(string uid) => _indices.GetValueOrDefault(uid, []);

    /// <summary>
    /// Nothing of this version of a grant is to be appended, although its newest transition is not the newest in the journal: the status was changed by
    /// somebody else.
    /// </summary>
    public void Settle(BreakGlassGrant grant) => _settled[grant.Metadata.Uid ?? ""] = grant.Metadata.ResourceVersion;

    /// <summary>Forgets indices that statuses have by now, and grants that are gone when there are many of them.</summary>
    public void Trim(IReadOnlyCollection<BreakGlassGrant> grants)
    {
        TrimIndices(grants);
        if (_grants.Count + _settled.Count <= (2 * grants.Count) + MostOfThoseGone) return;
        var there = grants.Select(g => g.Metadata.Uid ?? "").ToHashSet(StringComparer.Ordinal);
        foreach (var gone in _grants.Keys.Where(uid => !there.Contains(uid)).ToList()) _grants.Remove(gone);
        foreach (var gone in _settled.Keys.Where(uid => !there.Contains(uid)).ToList()) _settled.Remove(gone);
    }

    /// <summary>Whether a write of the grant's status can be expected that takes indices along.</summary>
    public static bool TakesIndices(BreakGlassGrant grant) => !CacheTransforms.IsShed(grant) || !grant.Status.IsTerminal || grant.Status.AwaitsReview;

    private void TrimIndices(IReadOnlyCollection<BreakGlassGrant> grants)
    {
        if (_indices.IsEmpty) return;
        var there = new HashSet<string>(StringComparer.Ordinal);
        foreach (var grant in grants)
        {
            if (grant.Metadata.Uid is not { } uid || !_indices.TryGetValue(uid, out var known) || !TakesIndices(grant)) continue;
            there.Add(uid);

            // A copy in part does not say which transitions its status has without an index; and access that is about to open rests on what is known here.
            if (CacheTransforms.IsShed(grant) || grant.Status.Phase is GrantPhase.Pending) continue;
            var transitions = grant.Status.Transitions;
            var missing = known.RemoveAll(k => k.Number < transitions.Count && transitions[k.Number].JournalIndex == k.Index);
            if (missing.Length < known.Length) _indices[uid] = missing;
            if (missing.IsEmpty) there.Remove(uid);
        }

        foreach (var uid in _indices.Keys)
        {
            if (!there.Contains(uid)) _indices.TryRemove(uid, out _);
        }
    }
}
