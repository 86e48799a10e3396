using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;
using static BreakGlass.Core.Messages.Words;

namespace BreakGlass.Core.Messages;

/// <summary>What is said of vouchers and of the authorities that sign them.</summary>
internal static class VoucherMessages
{
    public const string Accepted = "The vouchers of this authority are honoured.";
    public const string Suspended = "spec.suspended is set: no voucher of this authority is honoured, and grants by its vouchers end.";
    public const string NotUsed = "No voucher was used whose keys and courier are still in the spec.";

    public static string NotSealed(string authority) =>
        $"The author of authority '{authority}' cannot be verified, so no voucher of it is honoured: it was written without this operator's admission "
            + "webhook, or its seal no longer matches. Ask somebody who may bind the roles of the policies that accept its vouchers to request a seal: "
            + $"kubectl annotate --overwrite bgauth {authority} {Seal.Annotation}=renew";
    public static string KeysExpired(int usable, int required) =>
        $"{usable} of the keys are valid now and {required} must sign, so no voucher can be honoured. Add keys whose notAfter is in the future.";
    public static string TooManyUses =>
        "The authority records as many uses as it can, so no other voucher is honoured. Replace its keys, or use another authority.";
    public static string Used(BreakGlassGrant grant, VoucherUse use, string authority) =>
        $"{Requester(grant)} gets access by voucher '{VisibleText.Line(use.Id)}' of authority '{authority}', presented by "
            + $"{VisibleText.Name(use.PresentedBy ?? Callers.Unknown)}."
            + (use.Drill is null ? " Check that this was expected, then replace the keys or the courier." : "");
    public static string RotationDue(IReadOnlyList<VoucherUse> uses)
    {
        var last = uses.MaxBy(u => u.At)!;
        return $"{uses.Count} voucher(s) were used whose keys and courier are still in the spec, the last at {Timestamp.Text(last.At)} for grant "
            + $"'{last.Grant}'. Replace the keys {Few([.. uses.SelectMany(u => u.Keys).Distinct().Order(StringComparer.Ordinal)])}, or the courier.";
    }
}
