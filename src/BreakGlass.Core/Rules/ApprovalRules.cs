using BreakGlass.Core.Model;
using static BreakGlass.Core.Model.DenialReasons;

namespace BreakGlass.Core.Rules;

/// <summary>Whether a decision counts: asked at admission, by the reconciler and by the plugin alike.</summary>
public static class ApprovalRules
{
    /// <summary>The decision that counts towards the policy's number.</summary>
    public const string Approve = "Approve";

    /// <summary>The decision that ends a request.</summary>
    public const string Deny = "Deny";

    /// <summary>The longest that a request can wait for its approvers.</summary>
    public static readonly TimeSpan LongestWait = GoDuration.Parse(Bounds.LongestWait);

    /// <summary>Why a decision on a grant does not count; null where it does. Whether its seal verifies is for the caller to ask before.</summary>
    /// <param name="approval">The decision, with who decides as admission stamped it.</param>
    /// <param name="grant">The grant that it names, or null where there is none.</param>
    /// <param name="policy">The policy of the grant, or null where there is none.</param>
    public static Problem? Check(BreakGlassApproval approval, BreakGlassGrant? grant, BreakGlassPolicy? policy)
    {
        var spec = approval.Spec;
        if (grant is null) return new("GrantNotFound", "spec.grant", $"BreakGlassGrant '{spec.Grant}' does not exist; list the grants with 'kubectl get bgg'");
        if (grant.Metadata.Name != spec.Grant || string.IsNullOrEmpty(spec.GrantUid) || spec.GrantUid != grant.Metadata.Uid)
        {
            return new("AnotherGrant", "spec.grantUid",
                $"the approval is for another grant of the name '{spec.Grant}', or has no grantUid; create a new approval");
        }

        if (approval.Metadata.DeletionTimestamp is not null)
            return new("Retracted", "metadata.deletionTimestamp", "the approval is being deleted, so it does not count; create a new one");
        if (spec.Decision is not (Approve or Deny))
            return new("DecisionInvalid", "spec.decision", $"'{spec.Decision}' is not a valid decision; use Approve or Deny");
        if (!Callers.IsNamed(spec.Approver))
            return new("ApproverMissing", "spec.approver", "the approver cannot be verified; create the approval while the operator's webhooks are installed");
        if (policy is null)
            return new(PolicyNotFound, "spec.grant", $"the grant's policy '{grant.Spec.Policy}' does not exist any more, so there is nothing to decide");
        if (policy.Spec.Approval is not { } approvals)
            return new("ApprovalNotAsked", "spec.grant", $"policy '{policy.Metadata.Name}' does not require approval, so there is nothing to decide");
        if (Callers.Same(spec.Approver, grant.Spec.Requester))
        {
            return new("OwnRequest", "spec.approver", $"{Callers.As(spec.Approver!, grant.Spec.Requester!)} requested this grant, "
                + $"and requesters cannot decide on their own requests; ask one of {Subjects.Describe(approvals.Approvers)}");
        }

        if (Callers.IsPresenter(spec.Approver, grant.Spec.Requester))
        {
            return new("OwnRequest", "spec.approver",
                $"{Callers.As(spec.Approver!, Callers.PresenterOf(grant.Spec.Requester)!)} presented the voucher of this grant, "
                    + $"and presenters cannot decide on what they presented; ask one of {Subjects.Describe(approvals.Approvers)}");
        }

        return Subjects.Include(approvals.Approvers, spec.Approver!) || DrillRules.IsApproverOf(spec.Approver!, grant)
            ? null
            : new("ApproverNotAllowed", "spec.approver",
                $"'{Callers.Shown(spec.Approver)}' is not among the approvers of policy "
                    + $"'{policy.Metadata.Name}' ({Subjects.Describe(approvals.Approvers)}); ask one of them");
    }

    /// <summary>What a decision is refused for when it is made: what <see cref="Check"/> says, and that the grant waits for one.</summary>
    public static Problem? AtAdmission(BreakGlassApproval approval, BreakGlassGrant? grant, BreakGlassPolicy? policy) =>
        Check(approval, grant, policy) ?? (grant!.Status.IsTerminal || grant.Status.IsRecorded
            ? new("AlreadyDecided", "spec.grant", $"grant '{grant.Metadata.Name}' is {grant.Status.Phase} and no longer waits for a "
                + $"decision{(grant.Status.IsTerminal ? "" : "; to end its access, set its spec.revoke")}")
            : null);
}
