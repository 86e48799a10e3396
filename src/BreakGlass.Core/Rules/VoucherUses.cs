namespace BreakGlass.Core.Rules;

/// <summary>
/// The uses that an authority records. They have a bound, because an authority has to stay small enough to be written: what cannot be written cannot be
/// suspended.
/// </summary>
public static class VoucherUses
{
    /// <summary>The most uses of an authority.</summary>
    public const int Most = 1000;

    /// <summary>
    /// How long a use is kept after its voucher has expired. It is much longer than clocks differ; for as long, the voucher is refused as used, not only as
    /// expired.
    /// </summary>
    public static readonly TimeSpan KeptAfterExpiry = TimeSpan.FromHours(24);

    /// <summary>The most characters of all uses together.</summary>
    private const int MostText = 256 * 1024;

    // The member names and the quotes of one.
    private const int Around = 128;
    private const int LongestName = 253;

    /// <summary>Whether one more use can be recorded.</summary>
    public static bool Fits(IReadOnlyList<VoucherUse> used) => used.Count < Most && used.Sum(TextOf) < MostText;

    /// <summary>A name in a use, no longer than names usually are.</summary>
    public static string? Short(string? name) => name is { Length: > LongestName } ? name[..LongestName] : name;

    /// <summary>
    /// Whether a use calls for other keys: one that signed its voucher is still there, and so is the courier who presented it. What was in one safe together
    /// may have been copied together. The vouchers of drills are in no safe.
    /// </summary>
    public static bool NeedsRotation(VoucherUse use, AuthoritySpec authority) =>
        use.Drill is null && authority.Keys.Any(k => use.Keys.Contains(k.Kid)) && !IsCourierReplaced(use, authority.Couriers);

    /// <summary>Whether a use is kept in the authority's status.</summary>
    public static bool IsKept(VoucherUse use, AuthoritySpec authority, DateTimeOffset now) =>
        now < Timestamp.After(use.ExpiresAt, KeptAfterExpiry) || NeedsRotation(use, authority);

    /// <summary>A courier that is named by a group cannot be distinguished from others in it.</summary>
    private static bool IsCourierReplaced(VoucherUse use, IReadOnlyList<Subject> couriers) =>
        couriers.Count > 0 && couriers.All(c => c.Kind != "Group") && !Subjects.Include(couriers, new() { Username = use.PresentedBy ?? "" });

    private static int TextOf(VoucherUse use) =>
        Around + use.Id.Length + use.Grant.Length + use.GrantUid.Length + use.Person.Length + (use.PresentedBy?.Length ?? 0) + (use.Drill?.Length ?? 0)
            + use.Keys.Sum(k => k.Length + 3);
}
