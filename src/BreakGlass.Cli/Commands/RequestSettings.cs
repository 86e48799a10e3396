using BreakGlass.Cli.Vouchers;

namespace BreakGlass.Cli.Commands;

internal sealed record RequestSettings(GrantDraft Draft, IReadOnlyList<string> ChildWords, bool Wait, TimeSpan Timeout, DryRun DryRun)
{
    /// <summary>The voucher that the request is made with; null for the caller's own request.</summary>
    public HeldVoucher? Voucher { get; init; }
}
