using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>The vouchers that were made for a drill.</summary>
public sealed record DrillVoucherSet
{
    /// <summary>
    /// The Secret in the operator's namespace with the vouchers and the private key of their holder: keys that end with .voucher, and the key holder.key. The
    /// ServiceAccount breakglass-drill is allowed to read the default Secret; for another one, allow it.
    /// </summary>
    [Default, Length(1, 253), Pattern(Bounds.ObjectName)]
    public string Secret { get; init => field = value ?? Bounds.UsualDrillVouchers; } = Bounds.UsualDrillVouchers;
}
