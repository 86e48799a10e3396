using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>What the operator observed of an authority, and which of its vouchers were used.</summary>
public sealed record AuthorityStatus
{
    /// <summary>The generation of the authority that this status describes.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Ready, and RotationDue: a voucher was used, and neither its keys nor the courier were replaced.</summary>
    [ListMap("type")]
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];

    /// <summary>The number of keys whose signatures count now.</summary>
    public int? Keys { get; init; }

    /// <summary>
    /// The vouchers that were used. The operator writes an entry before access opens, with the resourceVersion of the authority that it checked, so that a
    /// voucher can be used once. An entry stays until the voucher has expired and the rotation after it is done.
    /// </summary>
    [ListMap("id")]
    public IReadOnlyList<VoucherUse> Used { get; init => field = value ?? []; } = [];
}
