using BreakGlass.Core.Model;

namespace BreakGlass.Core.Rules;

/// <summary>
/// Which grants are drills. The label says of which drill, and the requester, which is sealed, that it is one: a label that somebody else put on a grant
/// past the webhooks makes no drill of it.
/// </summary>
public static class DrillRules
{
    /// <summary>The ServiceAccount that requests the grants of drills, in the operator's namespace.</summary>
    public const string Requester = "breakglass-drill";

    /// <summary>The ServiceAccount that approves the grants of silent drills, in the operator's namespace.</summary>
    public const string Approver = "breakglass-drill-approver";

    private static readonly TimeSpan LongestExpiring = GoDuration.Parse(Bounds.LongestExpiringDrill);

    /// <summary>The user that requests the grants of drills.</summary>
    public static string User(CoreSettings settings) => Subjects.ServiceAccountUser(settings.OperatorNamespace, Requester);

    /// <summary>The drill that a grant says it belongs to; null if it says nothing.</summary>
    public static string? NamedBy(BreakGlassGrant grant) =>
        grant.LabelsOrEmpty.GetValueOrDefault(BreakGlassApi.DrillLabel) is { Length: > 0 } name ? name : null;

    /// <summary>Whether a grant is that of a drill: a voucher that names the drill identity makes none if another user presented it.</summary>
    public static bool IsDrill(BreakGlassGrant grant, CoreSettings settings) =>
        NamedBy(grant) is not null && grant.Spec.Requester is { } requester && requester.Username == User(settings)
            && (requester.PresentedBy is { } presenter ? presenter == requester.Username : !VoucherRules.IsByVoucher(grant.Spec));

    /// <summary>What is wrong with a drill, apart from its schedule; null if nothing is.</summary>
    public static Problem? Check(BreakGlassDrill drill)
    {
        if (drill.Metadata.Name.Length > Bounds.LongestDrillName) return new(DrillConditions.InvalidDrill, "metadata.name", Sentences.DrillNameTooLong);
        var isTooLong = drill.Spec.End is DrillEnd.Expire && GoDuration.TryParse(drill.Spec.Duration, out var duration) && duration > LongestExpiring;
        return isTooLong ? new(DrillConditions.InvalidDrill, "spec.duration", $"{drill.Spec.Duration} {Sentences.LongerThanADrill}") : null;
    }

    /// <summary>Why a grant is refused because of its mark; null if it has none, or may have it.</summary>
    /// <param name="grant">The grant, with its requester.</param>
    /// <param name="policy">Its policy.</param>
    /// <param name="settings">The operator's set-up.</param>
    public static Problem? Check(BreakGlassGrant grant, BreakGlassPolicy policy, CoreSettings settings)
    {
        if (NamedBy(grant) is null)
        {
            return VoucherRules.IsByVoucher(grant.Spec) && grant.Spec.Requester?.Username == User(settings)
                ? new(DenialReasons.NotADrill, "spec.voucher",
                    "the voucher names the operator's drill identity, so only a drill can use it; use a voucher that names a person")
                : null;
        }

        if (!IsDrill(grant, settings))
        {
            return grant.Spec.Requester?.Username != User(settings) ? NotADrill(Callers.Shown(grant.Spec.Requester))
                : new(DenialReasons.NotADrill, "spec.voucher", "the voucher names the operator's drill identity, and only that identity can present it; use a "
                    + "voucher that names a person");
        }

        return policy.Spec.Drills is DrillPermission.Allowed ? null : new(DenialReasons.DrillsForbidden, "spec.policy",
            $"policy '{policy.Metadata.Name}' does not allow drills; set its spec.drills to Allowed, or drill another policy");
    }

    /// <summary>
    /// Why a write is refused because of the mark: only the drill identity sets it, when it creates the grant, and it is never changed. Null if nothing is
    /// wrong.
    /// </summary>
    /// <param name="before">The grant as it is; null for a new one.</param>
    /// <param name="after">The grant as it would be.</param>
    /// <param name="user">Who writes.</param>
    /// <param name="settings">The operator's set-up.</param>
    public static Problem? CheckMark(BreakGlassGrant? before, BreakGlassGrant after, string user, CoreSettings settings)
    {
        var mark = after.LabelsOrEmpty.GetValueOrDefault(BreakGlassApi.DrillLabel);
        if (before is null) return mark is null || (mark.Length > 0 && user == User(settings)) ? null : NotADrill(VisibleText.Name(user));
        return mark == before.LabelsOrEmpty.GetValueOrDefault(BreakGlassApi.DrillLabel)
            ? null
            : new("Immutable", Field,
                "the mark of a drill is set when the grant is created, and cannot be added, changed or removed later; create a new grant");
    }

    /// <summary>
    /// Whether an approver is the drill approver of the installation whose drill requested a grant. It decides on nothing else, whatever a policy says.
    /// </summary>
    public static bool IsApproverOf(Caller approver, BreakGlassGrant grant) =>
        NamedBy(grant) is not null && grant.Spec.Requester is { } requester && NamespaceOf(requester, Requester) is { } ns
            && (requester.PresentedBy ?? requester.Username) == requester.Username && NamespaceOf(approver, Approver) == ns;

    private const string Field = "metadata.labels[" + BreakGlassApi.DrillLabel + "]";

    private static Problem NotADrill(string who) => new(DenialReasons.NotADrill, Field,
        $"'{who}' is not the operator's drill identity, and only that can mark a grant as a drill; remove the label");

    private static string? NamespaceOf(Caller caller, string account) =>
        caller.Username.Split(':') is ["system", "serviceaccount", var ns, var name] && name == account ? ns : null;
}
