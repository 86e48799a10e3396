using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal;

/// <summary>How many transitions of each grant are in the journal, as the journal itself says.</summary>
internal sealed class LoggedGrants
{
    private const int MostOfThoseGone = 8192;

    private readonly Dictionary<string, (int Count, DateTimeOffset Time, string Type)> _grants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string?> _settled = new(StringComparer.Ordinal);

    /// <summary>Takes note of an entry.</summary>
    public void Add(JournalEntry entry)
    {
        if (entry.Position is not { } position) return;
        if (_grants.TryGetValue(position.Uid, out var known) && known.Count > position.Number) return;
        _grants[position.Uid] = (position.Number + 1, entry.Time, entry.Type);
    }

    /// <summary>The number of a grant's transitions that are in the journal.</summary>
    public int Count(BreakGlassGrant grant) => _grants.GetValueOrDefault(grant.Metadata.Uid ?? "").Count;

    /// <summary>Whether all transitions of a grant are in the journal. It needs only the newest, so it is answered for a shortened copy too.</summary>
    public bool HasAll(BreakGlassGrant grant) =>
        grant.Status.Transitions is not [.., var newest]
        || (_settled.TryGetValue(grant.Metadata.Uid ?? "", out var version) && version == grant.Metadata.ResourceVersion)
        || (_grants.TryGetValue(grant.Metadata.Uid ?? "", out var known) && known.Time == newest.At && known.Type == GrantEntries.TypeOf(newest.To));

    /// <summary>
    /// Nothing of this version of a grant is to be appended, although its newest transition is not the newest in the journal: the status was changed by
    /// somebody else.
    /// </summary>
    public void Settle(BreakGlassGrant grant) => _settled[grant.Metadata.Uid ?? ""] = grant.Metadata.ResourceVersion;

    /// <summary>Forgets grants that are gone, when there are many of them.</summary>
    public void Trim(IReadOnlyCollection<BreakGlassGrant> grants)
    {
        if (_grants.Count + _settled.Count <= (2 * grants.Count) + MostOfThoseGone) return;
        var there = grants.Select(g => g.Metadata.Uid ?? "").ToHashSet(StringComparer.Ordinal);
        foreach (var gone in _grants.Keys.Where(uid => !there.Contains(uid)).ToList()) _grants.Remove(gone);
        foreach (var gone in _settled.Keys.Where(uid => !there.Contains(uid)).ToList()) _settled.Remove(gone);
    }
}
