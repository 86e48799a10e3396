namespace BreakGlass.Core.Journal;

/// <summary>
/// What the journal says of the objects that still exist, as far as it decides what is to be appended. Entries can be taken in any order, and more than
/// once: a generation only grows, and a UID that is gone does not come back. Not thread-safe.
/// </summary>
/// <param name="listedEvery">After how many entries a list of what exists is due.</param>
public sealed class JournalState(long listedEvery = JournalState.ListedEvery)
{
    /// <summary>After how many entries a list of what exists is appended, so that nobody has to read further back.</summary>
    public const long ListedEvery = 10_000;

    private const int MostOfThoseGone = 8192;

    private readonly Dictionary<string, LoggedObject> _objects = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<int>> _parts = new(StringComparer.Ordinal);
    private HashSet<UInt128> _gone = [];
    private HashSet<UInt128> _goneBefore = [];
    private long _listedAt;

    /// <summary>
    /// No entry before this one is needed: the newest list of what existed says the rest. 0 until such a list was read.
    /// </summary>
    public long From { get; private set; }

    /// <summary>The objects that the journal knows, and that are not gone in it.</summary>
    public IReadOnlyDictionary<string, LoggedObject> Objects => _objects;

    /// <summary>Takes an entry of the journal.</summary>
    /// <param name="index">Its number in the journal.</param>
    /// <param name="entry">The entry.</param>
    public void Take(long index, JournalEntry entry)
    {
        if (EntryId.ObjectOf(entry.Id) is not { } uid) return;
        var data = entry.Data;
        switch (entry.Type)
        {
            case EntryTypes.Live:
                TakeList(index, uid, data);
                break;
            case EntryTypes.PolicyDeleted or EntryTypes.LockdownLifted or EntryTypes.GrantDeleted or EntryTypes.AuthorityDeleted or EntryTypes.DrillDeleted:
                _gone.Add(EntryId.Fingerprint(uid));
                _objects.Remove(uid);
                break;
            case EntryTypes.PolicyCreated or EntryTypes.PolicyChanged or EntryTypes.LockdownEngaged or EntryTypes.AuthorityCreated
                or EntryTypes.AuthorityChanged:
                Find(uid, entry.Subject, index)?.Take(index, data.Generation ?? 0);
                break;
            case EntryTypes.DrillPassed or EntryTypes.DrillFailed:
                Find(uid, entry.Subject, index)?.Take(index, DrillEntries.NumberOf(entry.Id));
                break;
            case EntryTypes.SealKeyAdded or EntryTypes.SealKeyRetired:
                Find(uid, entry.Subject, index)?.Take(index, SealKeyEntries.NumberOf(entry.Id) + 1);
                break;
            case EntryTypes.JournalKeyReplaced:
                Find(uid, entry.Subject, index)?.Take(index, JournalKeyEntries.NumberOf(entry.Id));
                break;
            case EntryTypes.Approved or EntryTypes.Denied or EntryTypes.Reviewed:
                if (data is { Grant: { } grant, GrantUid: { } grantUid }) TakeId(grantUid, GrantEntries.SubjectStart + grant, index, entry.Id);
                break;
            case EntryTypes.Proven or EntryTypes.Narrowed or EntryTypes.Residue or EntryTypes.PersistenceAllowed or EntryTypes.PersistenceRefused
                or EntryTypes.VoucherUsed:
                TakeId(uid, entry.Subject, index, entry.Id);
                break;
            default:
                if (entry.Position is not null) Find(uid, entry.Subject, index)?.Take(index, 0);
                break;
        }
    }

    /// <summary>Whether the journal says that an object is gone. A cache can still have it.</summary>
    public bool IsGone(string uid) => EntryId.Fingerprint(uid) is var known && (_gone.Contains(known) || _goneBefore.Contains(known));

    /// <summary>
    /// The newest generation of a policy or an authority, the number of entries of a seal key or of a pair of journal keys, or the newest run of a drill; 0 if
    /// the journal has none.
    /// </summary>
    public long NumberOf(string uid) => _objects.GetValueOrDefault(uid)?.Number ?? 0;

    /// <summary>Whether the journal has this entry of a grant, which is not a transition.</summary>
    public bool Has(string grantUid, string id) => _objects.GetValueOrDefault(grantUid)?.Has(EntryId.Fingerprint(id)) is true;

    /// <summary>Whether a list of what exists has to be appended.</summary>
    /// <param name="size">The number of entries in the journal.</param>
    public bool IsListDue(long size) => size - _listedAt >= listedEvery;

    /// <summary>A list of what exists.</summary>
    /// <param name="size">The number of entries in the journal, all of which were taken.</param>
    /// <param name="now">The time.</param>
    public IReadOnlyList<JournalEntry> List(long size, DateTimeOffset now)
    {
        // Grants are not listed: all their entries are read, from the first of those that exist.
        var first = _objects.Values.Where(o => o.Kind is LoggedKind.Grant).Select(o => o.First).Append(size).Min();
        return LiveEntries.Of(
            [.. _objects.Where(o => o.Value.Kind is not LoggedKind.Grant).OrderBy(o => o.Key, StringComparer.Ordinal)
                .Select(o => new LiveObject(StartOf(o.Value.Kind) + o.Value.Name, o.Key, o.Value.Number))],
            first, size, now);
    }

    /// <summary>Forgets the oldest of what is gone, if there is much of it. Not before all entries were taken that are needed.</summary>
    public void Trim()
    {
        _parts.Clear();
        if (_gone.Count > MostOfThoseGone) (_goneBefore, _gone) = (_gone, []);
    }

    private static string StartOf(LoggedKind kind) => kind switch
    {
        LoggedKind.Policy => PolicyEntries.SubjectStart,
        LoggedKind.Lockdown => LockdownEntries.SubjectStart,
        LoggedKind.SealKey => SealKeyEntries.SubjectStart,
        LoggedKind.Authority => AuthorityEntries.SubjectStart,
        LoggedKind.Drill => DrillEntries.SubjectStart,
        LoggedKind.JournalKey => JournalKeyEntries.SubjectStart,
        _ => GrantEntries.SubjectStart,
    };

    private void TakeId(string uid, string subject, long index, string id)
    {
        if (Find(uid, subject, index) is not { } grant) return;
        grant.Take(index, 0);
        grant.TakeId(id);
    }

    private void TakeList(long index, string list, EntryData data)
    {
        foreach (var o in data.Objects ?? []) Find(o.Uid, o.Subject, index)?.Take(index, o.Number);
        if (data is not { First: { } first, Size: { } size, Part: { } part, Parts: { } parts }) return;
        if (!_parts.TryGetValue(list, out var there)) _parts[list] = there = [];
        there.Add(part);

        // A writer can stop between two parts.
        if (there.Count < parts || size < _listedAt) return;
        (From, _listedAt) = (first, size);
        _parts.Remove(list);
    }

    private LoggedObject? Find(string uid, string subject, long index)
    {
        if (_objects.TryGetValue(uid, out var known)) return known;
        if (subject.IndexOf('/') is not (> 0 and var slash) || IsGone(uid)) return null;
        foreach (var kind in (ReadOnlySpan<LoggedKind>)
            [LoggedKind.Grant, LoggedKind.Policy, LoggedKind.Lockdown, LoggedKind.SealKey, LoggedKind.Authority, LoggedKind.Drill, LoggedKind.JournalKey])
        {
            if (subject.StartsWith(StartOf(kind), StringComparison.Ordinal)) return _objects[uid] = new(kind, subject[(slash + 1)..], index);
        }

        return null;
    }
}
