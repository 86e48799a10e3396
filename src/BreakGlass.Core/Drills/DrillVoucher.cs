using BreakGlass.Core.Rules;
using BreakGlass.Core.Vouchers;

namespace BreakGlass.Core.Drills;

/// <summary>The voucher that a run presents: the first of a set that is for the policy, was not used, and is valid now.</summary>
/// <param name="Voucher">The voucher.</param>
/// <param name="Text">Its exact text.</param>
/// <param name="Left">How many others of the set a later run can use.</param>
public sealed record DrillVoucher(SignedVoucher Voucher, string Text, int Left)
{
    /// <summary>The key of the set's Secret with the private key of the vouchers' holder.</summary>
    public const string HolderKey = "holder.key";

    /// <summary>The end of the keys of the set's Secret with vouchers.</summary>
    public const string Ending = ".voucher";

    /// <summary>
    /// Chooses; null if none is left. Whether the voucher is honoured is for admission to say: one that is wrong fails the run with that sentence, as it would
    /// fail a person.
    /// </summary>
    /// <param name="set">The keys of the Secret, and what is in them.</param>
    /// <param name="policy">The policy that is drilled.</param>
    /// <param name="authority">The authority of its vouchers, which records their use; null if it does not exist.</param>
    /// <param name="now">The time.</param>
    /// <param name="taken">The ids of vouchers that other runs present now.</param>
    public static DrillVoucher? Choose(
        IEnumerable<KeyValuePair<string, string>> set, BreakGlassPolicy policy, BreakGlassAuthority? authority, DateTimeOffset now,
        IReadOnlyList<string>? taken = null)
    {
        List<(SignedVoucher Voucher, string Text)> usable = [];
        foreach (var (_, text) in set.Where(f => f.Key.EndsWith(Ending, StringComparison.Ordinal)).OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            if (SignedVoucher.TryRead(text.Trim(), out _) is not { } voucher || !IsUsable(voucher.Claims, policy, authority, now)) continue;
            if (taken?.Contains(voucher.Claims.Id) is true) continue;
            if (usable.All(u => u.Voucher.Claims.Id != voucher.Claims.Id)) usable.Add((voucher, text.Trim()));
        }

        return usable is [var first, ..] ? new(first.Voucher, first.Text, usable.Count - 1) : null;
    }

    /// <summary>The grant with the voucher, as admission stamps it.</summary>
    /// <param name="grant">The grant of the drill.</param>
    /// <param name="proof">The proof by the holder's key.</param>
    public BreakGlassGrant Present(BreakGlassGrant grant, string proof) => grant with
    {
        Spec = grant.Spec with
        {
            Voucher = Text,
            VoucherProof = proof,
            RecipientKey = Voucher.Claims.HolderKey,
            Requester = new()
            {
                Username = Voucher.Claims.Person,
                PresentedBy = grant.Spec.Requester?.Username,
                Extra = new Dictionary<string, IReadOnlyList<string>> { [BreakGlassApi.VoucherExtra] = [Voucher.Claims.Id] },
            },
        },
    };

    private static bool IsUsable(Voucher claims, BreakGlassPolicy policy, BreakGlassAuthority? authority, DateTimeOffset now)
    {
        if (claims.Policy != policy.Metadata.Name || claims.TimeProblem(now) is not null) return false;
        if (GoDuration.TryParse(policy.Spec.Vouchers?.MaxAge, out var age) && now >= Timestamp.After(claims.IssuedAt, age)) return false;
        return authority is null || (VoucherRules.UseOf(claims.Id, authority) is null && !authority.Spec.Revoked.Contains(claims.Id));
    }
}
