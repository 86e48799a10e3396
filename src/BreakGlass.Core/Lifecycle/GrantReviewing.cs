using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Lifecycle;

/// <summary>The review of what was done with a grant, after its end.</summary>
internal static class GrantReviewing
{
    /// <summary>What there is to say about the review now; null where nothing is.</summary>
    public static GrantPlan? Decide(GrantFacts facts, BreakGlassGrant grant)
    {
        if (!grant.Status.AwaitsReview || grant.Status.EndedAt is null) return null;
        if (First(facts, grant) is { } review)
        {
            var comment = string.IsNullOrWhiteSpace(review.Spec.Comment) ? "" : $" {GrantStatuses.Sentence(Shown.Line(review.Spec.Comment.Trim()))}";
            var sentence = $"Reviewed by {Callers.Shown(review.Spec.Reviewer)}: {review.Spec.Outcome}.{comment}";
            return GrantPlan.Do(new PlanStep.WriteStatus(
                Reviewed(grant, true, review.Spec.Outcome, sentence, facts.Now), new GrantNote(false, "GrantReviewed", "Review", sentence)));
        }

        var condition = Conditions.Find(grant.Status.Conditions, GrantConditions.Reviewed)!;
        if (facts.Now >= Due(facts, grant) && condition.Reason != GrantConditions.ReviewOverdue)
        {
            var sentence =
                $"Nobody reviewed the grant of {GrantStatuses.Requester(grant)} within {GoDuration.Format(ReviewRules.TimeFor(facts.Policy))} of its end. "
                    + $"Ask {Reviewers(facts.Policy)} to create a BreakGlassReview for '{grant.Metadata.Name}'.";
            return GrantPlan.Do(new PlanStep.WriteStatus(
                Reviewed(grant, false, GrantConditions.ReviewOverdue, sentence, facts.Now), new GrantNote(true, "ReviewOverdue", "Remind", sentence)));
        }

        return condition.Reason == GrantConditions.NotEnded
            ? GrantPlan.Do(new PlanStep.WriteStatus(grant.Status with { Conditions = Pending(grant, facts.Policy, facts.Now) }))
            : null;
    }

    /// <summary>When the review is overdue; null where it is already, or none is awaited.</summary>
    public static DateTimeOffset? DueAt(GrantFacts facts, BreakGlassGrant grant)
    {
        if (!grant.Status.AwaitsReview) return null;
        var due = Due(facts, grant);
        return facts.Now < due ? due : null;
    }

    /// <summary>The conditions of a grant that is over and waits for its review.</summary>
    public static IReadOnlyList<Condition> Pending(BreakGlassGrant grant, BreakGlassPolicy? policy, DateTimeOffset now) => grant.Status.Conditions
        .With(GrantConditions.Reviewed, false, GrantConditions.ReviewPending,
        $"What was done with this grant waits for its review, within {GoDuration.Format(ReviewRules.TimeFor(policy))} of its end: "
            + $"ask {Reviewers(policy)} to create a BreakGlassReview for '{grant.Metadata.Name}'.",
        grant.Metadata.Generation, now);

    private static BreakGlassReview? First(GrantFacts facts, BreakGlassGrant grant) => facts.Reviews
        .Where(r => ReviewRules.Check(r, grant, facts.Policy) is null)
        .OrderBy(r => r.Metadata.CreatedAt).ThenBy(r => r.Metadata.Name, StringComparer.Ordinal)
        .FirstOrDefault();

    private static GrantStatus Reviewed(BreakGlassGrant grant, bool done, string reason, string sentence, DateTimeOffset now) => grant.Status with
    {
        ObservedGeneration = grant.Metadata.Generation,
        Conditions = grant.Status.Conditions.With(GrantConditions.Reviewed, done, reason, sentence, grant.Metadata.Generation, now),
    };

    private static DateTimeOffset Due(GrantFacts facts, BreakGlassGrant grant) =>
        Timestamp.After(grant.Status.EndedAt ?? facts.Now, ReviewRules.TimeFor(facts.Policy));

    private static string Reviewers(BreakGlassPolicy? policy) => policy?.Spec.Review?.Reviewers is { Count: > 0 } reviewers
        ? Subjects.Describe(reviewers)
        : "somebody who neither asked for it nor approved it";
}
