using BreakGlass.Core.Guard;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Journal;

/// <summary>
/// The entries that a grant's status implies besides its transitions: its end was proven, its voucher was used, a place gives no access, its identity did or
/// tried something that can outlive it. Each is in the journal once, although what it is made of can be changed or taken away later.
/// </summary>
public static class GrantNotes
{
    private const string Allowed = "allowed ";
    private const string Refused = "refused ";
    private const int MarkDigits = 32;

    // More than the operator records. A status can be forged.
    private const int MostOfAKind = 256;

    /// <summary>The entries, as the status is now.</summary>
    /// <param name="grant">The grant.</param>
    /// <param name="seen">Now: a status does not record when these came into it.</param>
    public static IEnumerable<JournalEntry> Of(BreakGlassGrant grant, DateTimeOffset seen)
    {
        if (Proven(grant) is { } proven) yield return proven;
        if (VoucherUsed(grant) is { } used) yield return used;
        foreach (var record in Narrowed(grant))
        {
            yield return Of(grant, NarrowedId(grant, record), EntryTypes.Narrowed, seen, new()
            {
                Place = EntryText.Short(PlaceOf(record)), Comment = EntryText.Short(record.Problem), Seen = true,
            });
        }

        foreach (var text in Residues(grant))
        {
            yield return Of(grant, ResidueId(grant, text), TypeOf(text), seen, new()
            {
                Actor = EntryText.Short(grant.Spec.Requester?.Username), Residue = EntryText.Short(text), Seen = true,
            });
        }
    }

    /// <summary>The entry that says that the end of a grant was proven; null as long as it was not.</summary>
    public static JournalEntry? Proven(BreakGlassGrant grant) =>
        Conditions.Find(grant.Status.Conditions, GrantConditions.Revoked) is { Status: "True" } condition
            ? Of(grant, $"{grant.Metadata.Uid}/proven", EntryTypes.Proven, condition.LastTransitionTime, new()
            {
                Actor = JournalEntry.Operator, Reason = EntryText.Short(condition.Reason),
            })
            : null;

    /// <summary>
    /// The entry that says that a voucher was used for a grant; null if the grant has none, or was given no access. The journal still has it after the API
    /// server's database was restored from a time before the use.
    /// </summary>
    public static JournalEntry? VoucherUsed(BreakGlassGrant grant) =>
        grant.Status.ActivatedAt is { } at && VoucherRules.StampOf(grant) is { } id
            ? Of(grant, $"{grant.Metadata.Uid}/voucher", EntryTypes.VoucherUsed, at, new()
            {
                Actor = EntryText.Short(grant.Spec.Requester?.Username), Voucher = EntryText.Short(id),
                PresentedBy = EntryText.Short(grant.Spec.Requester?.PresentedBy),
            })
            : null;

    /// <summary>The entry that says that a grant's record is gone.</summary>
    /// <param name="uid">Its UID.</param>
    /// <param name="name">Its name.</param>
    /// <param name="seen">When the operator saw that it is gone.</param>
    public static JournalEntry Deleted(string uid, string name, DateTimeOffset seen) => new()
    {
        Id = $"{uid}/deleted",
        Type = EntryTypes.GrantDeleted,
        Source = JournalEntry.Operator,
        Subject = GrantEntries.SubjectStart + name,
        Time = seen,
        Data = new() { Grant = name, Seen = true },
    };

    /// <summary>
    /// What has to be kept of a grant whose status is shortened, so that <see cref="ReadMarks"/> says which entries it implies; empty if it implies none.
    /// </summary>
    public static string MarksOf(BreakGlassGrant grant) => string.Concat(Narrowed(grant).Select(r => NarrowedId(grant, r))
        .Concat(Residues(grant).Select(r => ResidueId(grant, r))).Select(id => EntryId.Fingerprint(id).ToString("x32", CultureInfo.InvariantCulture)));

    /// <summary>The fingerprints of the ids of the entries that a shortened status implies, besides that of its proof.</summary>
    public static IEnumerable<UInt128> ReadMarks(string marks)
    {
        for (var at = 0; at + MarkDigits <= marks.Length; at += MarkDigits)
        {
            if (UInt128.TryParse(marks.AsSpan(at, MarkDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var mark)) yield return mark;
        }
    }

    private static IEnumerable<BindingRecord> Narrowed(BreakGlassGrant grant) =>
        grant.Status.IsRecorded ? grant.Status.Bindings.Where(b => !string.IsNullOrEmpty(b.Problem)).DistinctBy(PlaceOf).Take(MostOfAKind) : [];

    // Counts change, and what is counted is in the journal once.
    private static IEnumerable<string> Residues(BreakGlassGrant grant) =>
        grant.Status.Residue.Select(Residue.Uncounted).Distinct(StringComparer.Ordinal).Take(MostOfAKind);

    private static string NarrowedId(BreakGlassGrant grant, BindingRecord record) =>
        $"{grant.Metadata.Uid}/narrowed/{EntryId.Digest($"{PlaceOf(record)}\n{record.NamespaceUid}")}";

    private static string ResidueId(BreakGlassGrant grant, string text) => $"{grant.Metadata.Uid}/residue/{EntryId.Digest(text)}";

    private static string PlaceOf(BindingRecord record) =>
        string.IsNullOrEmpty(record.Namespace) ? $"{record.Role} in the cluster" : $"{record.Role} in namespace {record.Namespace}";

    private static string TypeOf(string residue) => residue.StartsWith(Allowed, StringComparison.Ordinal) ? EntryTypes.PersistenceAllowed
        : residue.StartsWith(Refused, StringComparison.Ordinal) ? EntryTypes.PersistenceRefused : EntryTypes.Residue;

    private static JournalEntry Of(BreakGlassGrant grant, string id, string type, DateTimeOffset time, EntryData data) => new()
    {
        Id = id,
        Type = type,
        Source = JournalEntry.Operator,
        Subject = GrantEntries.SubjectStart + grant.Metadata.Name,
        Time = time,
        Data = data with
        {
            Grant = grant.Metadata.Name, Policy = EntryText.Short(grant.Spec.Policy), Requester = EntryText.Short(grant.Spec.Requester?.Username),
        },
    };
}
