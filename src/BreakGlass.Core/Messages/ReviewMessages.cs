using BreakGlass.Core.Rules;
using static BreakGlass.Core.Messages.Words;

namespace BreakGlass.Core.Messages;

/// <summary>What is said of a grant's review.</summary>
internal static class ReviewMessages
{
    public const string NotEnded = "The grant is reviewed when access is over.";

    public static string Reviewed(BreakGlassReview review) => $"Reviewed by {Callers.Shown(review.Spec.Reviewer)}: {review.Spec.Outcome}."
        + (string.IsNullOrWhiteSpace(review.Spec.Comment) ? "" : $" {Sentence(VisibleText.Line(review.Spec.Comment.Trim()))}");
    public static string Pending(BreakGlassGrant grant, BreakGlassPolicy? policy) =>
        $"The grant must be reviewed within {GoDuration.Format(ReviewRules.TimeFor(policy))} of its end. {Unusual(grant)}{Ask(grant, policy)}";
    public static string Overdue(BreakGlassGrant grant, BreakGlassPolicy? policy) =>
        $"The grant of {Requester(grant)} was not reviewed within {GoDuration.Format(ReviewRules.TimeFor(policy))} of its end. "
            + $"{Unusual(grant)}{Ask(grant, policy)}";

    private static string Unusual(BreakGlassGrant grant) =>
        grant.Status.Anomalies.Count == 0 ? "" : $"{SessionMessages.Unusual(grant.Status.Anomalies)} ";

    private static string Ask(BreakGlassGrant grant, BreakGlassPolicy? policy) =>
        $"Ask {(policy?.Spec.Review?.Reviewers is { Count: > 0 } some ? Subjects.Describe(some) : "somebody who neither requested nor approved it")} to "
            + $"create a BreakGlassReview for '{grant.Metadata.Name}'.";
}
