using BreakGlass.Core.Model;
using static BreakGlass.Core.Model.DenialReasons;

namespace BreakGlass.Core.Rules;

/// <summary>Whether a grant must be reviewed, and whether a review counts: asked at admission, by the reconciler and by the plugin alike.</summary>
public static class ReviewRules
{
    /// <summary>How long the reviewers have where the policy does not say, or is gone.</summary>
    public static readonly TimeSpan UsualTime = GoDuration.Parse(Bounds.UsualReview);

    /// <summary>Why a review of a grant does not count; null where it does. Whether its seal verifies is for the caller to ask before.</summary>
    /// <param name="review">The review, with who reviews as admission stamped it.</param>
    /// <param name="grant">The grant that it names, or null where there is none.</param>
    /// <param name="policy">The policy of the grant, or null where it is gone: then anybody may review but who asked or approved.</param>
    public static Problem? Check(BreakGlassReview review, BreakGlassGrant? grant, BreakGlassPolicy? policy)
    {
        var spec = review.Spec;
        if (grant is null) return new("GrantNotFound", "spec.grant", $"BreakGlassGrant '{spec.Grant}' does not exist; list the grants with 'kubectl get bgg'");
        if (grant.Metadata.Name != spec.Grant || string.IsNullOrEmpty(spec.GrantUid) || spec.GrantUid != grant.Metadata.Uid)
        {
            return new("AnotherGrant", "spec.grantUid",
                $"the review is for another grant of the name '{spec.Grant}', or has no grantUid; create a new review");
        }

        if (review.Metadata.DeletionTimestamp is not null)
            return new("Retracted", "metadata.deletionTimestamp", "the review is being deleted, so it does not count; create a new one");
        if (!ApiWords.Each(ApiWords.Outcomes).Contains(spec.Outcome))
            return new("OutcomeInvalid", "spec.outcome", $"'{spec.Outcome}' is not supported; use one of {ApiWords.Outcomes}");
        if (!Callers.IsNamed(spec.Reviewer))
            return new("ReviewerMissing", "spec.reviewer", "the reviewer cannot be verified; create the review while the operator's webhooks are installed");
        if (!grant.Status.IsRecorded)
            return new("NothingToReview", "spec.grant", $"grant '{grant.Metadata.Name}' never gave access, so there is nothing to review");

        var reviewers = policy?.Spec.Review?.Reviewers ?? [];
        var ask = reviewers.Count == 0 ? "a person who neither requested nor approved the grant" : $"one of {Subjects.Describe(reviewers)}";
        if (Callers.Same(spec.Reviewer, grant.Spec.Requester))
        {
            return new("OwnRequest", "spec.reviewer",
                $"{Callers.As(spec.Reviewer!, grant.Spec.Requester!)} had this access, and requesters cannot review their own access; ask {ask}");
        }

        if (Callers.IsPresenter(spec.Reviewer, grant.Spec.Requester))
        {
            return new("OwnRequest", "spec.reviewer",
                $"{Callers.As(spec.Reviewer!, Callers.PresenterOf(grant.Spec.Requester)!)} presented the voucher of this grant, and presenters cannot review "
                    + $"what they presented; ask {ask}");
        }

        if (grant.Status.Approvals.FirstOrDefault(a => Callers.Same(Callers.Of(a), spec.Reviewer)) is { } decided)
        {
            return new("OwnApproval", "spec.reviewer", $"{Callers.As(spec.Reviewer!, Callers.Of(decided))} decided on this grant, "
                + $"and approvers cannot review grants that they decided on; ask {ask}");
        }

        return reviewers.Count == 0 || Subjects.Include(reviewers, spec.Reviewer!)
            ? null
            : new("ReviewerNotAllowed", "spec.reviewer",
                $"'{Callers.Shown(spec.Reviewer)}' is not among the reviewers of policy "
                    + $"'{policy!.Metadata.Name}' ({Subjects.Describe(reviewers)}); ask one of them");
    }

    /// <summary>What a review is refused for when it is made: what <see cref="Check"/> says, and that access is over and not reviewed yet.</summary>
    public static Problem? AtAdmission(BreakGlassReview review, BreakGlassGrant? grant, BreakGlassPolicy? policy)
    {
        if (Check(review, grant, policy) is { } problem) return problem;
        var name = grant!.Metadata.Name;
        if (!grant.Status.IsTerminal)
        {
            return new("StillActive", "spec.grant", $"grant '{name}' still gives access; review it when it is over, or set its spec.revoke to end it now");
        }

        return Conditions.IsTrue(grant.Status.Conditions, GrantConditions.Reviewed)
            ? new("AlreadyReviewed", "spec.grant", $"grant '{name}' was already reviewed, and only the first review counts; see its condition Reviewed")
            : null;
    }

    /// <summary>Whether grants of a policy must be reviewed. For mode BreakGlass always.</summary>
    public static bool IsRequired(PolicySpec policy) => policy.Mode is PolicyMode.BreakGlass || policy.Review is { Required: not false };

    /// <summary>Whether a grant must be reviewed. One by a voucher always: nobody logged in for it.</summary>
    public static bool IsRequired(PolicySpec policy, GrantSpec grant) => IsRequired(policy) || VoucherRules.IsByVoucher(grant);

    /// <summary>Why a requester gets no further grant of a policy: one of theirs waits for its review. Null where none does.</summary>
    /// <param name="grant">The grant that is asked for.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="siblings">The policy's other grants.</param>
    public static Problem? Blocked(BreakGlassGrant grant, BreakGlassPolicy policy, IReadOnlyList<BreakGlassGrant> siblings)
    {
        if (!Blocks(policy.Spec)) return null;
        var pending = siblings
            .Where(s => s.Status.IsTerminal && s.Status.IsRecorded && s.Status.AwaitsReview && Callers.Same(s.Spec.Requester, grant.Spec.Requester))
            .OrderBy(s => s.Status.EndedAt).ThenBy(s => s.Metadata.Name, StringComparer.Ordinal).FirstOrDefault();
        if (pending is null) return null;
        var reviewers = policy.Spec.Review!.Reviewers;
        var who = reviewers.Count == 0 ? "a person who neither requested nor approved it" : Subjects.Describe(reviewers);
        return new(ReviewPending, "spec.policy",
            $"your grant '{pending.Metadata.Name}' of policy '{policy.Metadata.Name}' is not reviewed yet, and the policy gives you no other grant before "
                + $"that; ask {who} to review it, then create a new grant");
    }

    /// <summary>
    /// Grants that hold a place under the policy and may block a request, by their names: where the policy blocks, those that no cache shows, and those of
    /// the same requester that are not seen to be reviewed.
    /// </summary>
    public static IReadOnlyList<string> MayBlock(BreakGlassGrant grant, BreakGlassPolicy policy, IReadOnlyList<BreakGlassGrant> siblings)
    {
        if (!Blocks(policy.Spec)) return [];
        return [.. policy.Status.Holders.Where(h => h.Uid != grant.Metadata.Uid && MayAwait(siblings.FirstOrDefault(s => s.Metadata.Uid == h.Uid)))
            .Select(h => h.Grant).Distinct()];

        bool MayAwait(BreakGlassGrant? other) => other is null || (Callers.Same(other.Spec.Requester, grant.Spec.Requester) && !other.Status.IsTerminal);
    }

    /// <summary>Whether a policy gives requesters no further grant while one of theirs waits for its review.</summary>
    public static bool Blocks(PolicySpec policy) => policy.Review?.BlockRequesterUntilReviewed is true;

    /// <summary>How long the reviewers have, counted from the end of the grant.</summary>
    public static TimeSpan TimeFor(BreakGlassPolicy? policy) => GoDuration.TryParse(policy?.Spec.Review?.Within, out var within) ? within : UsualTime;
}
