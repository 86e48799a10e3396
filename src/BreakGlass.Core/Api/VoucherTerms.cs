using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>Which vouchers give access by a policy.</summary>
[ValidationRule("self.holders.all(h, h.kind == 'User')", message: "holders: " + Sentences.HoldersAreUsers)]
public sealed record VoucherTerms
{
    /// <summary>The BreakGlassAuthority that signs the vouchers.</summary>
    [Required, Length(1, Bounds.LongestName)]
    public string Authority { get; init => field = value ?? ""; } = "";

    /// <summary>The longest grant by a voucher. It is never longer than duration.max, nor than the voucher says. More than zero, and at most 12h.</summary>
    [Default, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    [ValidationRule("duration(self) > duration('0s')", message: "maxDuration: " + Sentences.NotPositive)]
    [ValidationRule($"duration(self) <= duration('{Bounds.LongestGrant}')", message: "maxDuration: " + Sentences.LongerThanAGrant)]
    public string MaxDuration { get; init => field = value ?? Bounds.UsualDuration; } = Bounds.UsualDuration;

    /// <summary>How long after it was issued a voucher can be used, even if it expires later. More than zero, and at most 8784h.</summary>
    [Default, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    [ValidationRule("duration(self) > duration('0s')", message: "maxAge: " + Sentences.NotPositive)]
    [ValidationRule($"duration(self) <= duration('{Bounds.LongestVoucher}')", message: "maxAge: " + Sentences.LongerThanAVoucher)]
    public string MaxAge { get; init => field = value ?? Bounds.UsualVoucherAge; } = Bounds.UsualVoucherAge;

    /// <summary>
    /// The people that vouchers can name. They take the place of requesters and requireClaims, because the use of a voucher needs no sign-in; so only users
    /// can be named, not groups.
    /// </summary>
    [Required, Items(1, 64)]
    public IReadOnlyList<Subject> Holders { get; init => field = value ?? []; } = [];
}
