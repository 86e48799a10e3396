using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>The keys of an authority, and which of their vouchers are not honoured.</summary>
[ValidationRule("!has(self.required) || self.required <= size(self.keys)", message: "spec.required: " + Sentences.MoreThanKeys)]
public sealed record AuthoritySpec
{
    /// <summary>
    /// The public keys. The private keys are kept offline and never in the cluster. If you remove a key, every grant by a voucher that then lacks a signature
    /// ends.
    /// </summary>
    [Required, Items(1, Bounds.MostAuthorityKeys), ListMap("kid")]
    public IReadOnlyList<AuthorityKey> Keys { get; init => field = value ?? []; } = [];

    /// <summary>How many different keys must have signed a voucher.</summary>
    [Default, RangeMinimum(1), RangeMaximum(Bounds.MostAuthorityKeys)]
    public int Required { get; init => field = value == 0 ? 1 : value; } = 1;

    /// <summary>The ids (jti) of vouchers that are not honoured. A grant by one of them ends.</summary>
    [Items(maxItems: Bounds.MostRevokedVouchers), ItemLength(Bounds.LongestVoucherId), ListSet]
    public IReadOnlyList<string> Revoked { get; init => field = value ?? []; } = [];

    /// <summary>If true, no voucher is honoured, and every grant by a voucher of this authority ends.</summary>
    [Default]
    public bool Suspended { get; init; }

    /// <summary>
    /// Who may present vouchers of this authority. Default: everybody who may create grants. These users cannot create grants without a voucher, unless a
    /// policy names them as requesters.
    /// </summary>
    [Items(maxItems: 64)]
    public IReadOnlyList<Subject> Couriers { get; init => field = value ?? []; } = [];
}
