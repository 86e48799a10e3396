using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Lifecycle;

/// <summary>The review of what was done with a grant, after its end.</summary>
internal static class ReviewedGrant
{
    /// <summary>What there is to say about the review now; null where nothing is.</summary>
    public static GrantPlan? Decide(GrantFacts facts, BreakGlassGrant grant)
    {
        if (!grant.Status.AwaitsReview || grant.Status.EndedAt is null) return null;
        if (First(facts, grant) is { } review)
        {
            var sentence = ReviewMessages.Reviewed(review);
            return GrantPlan.Do(new PlanStep.WriteStatus(Reviewed(grant, true, review.Spec.Outcome, sentence, facts.Now),
                new GrantEvent(false, EventReasons.GrantReviewed, EventActions.Review, sentence)));
        }

        var condition = Conditions.Find(grant.Status.Conditions, GrantConditions.Reviewed)!;
        if (facts.Now >= Due(facts, grant) && condition.Reason != GrantConditions.ReviewOverdue)
        {
            var sentence = ReviewMessages.Overdue(grant, facts.Policy);
            return GrantPlan.Do(new PlanStep.WriteStatus(Reviewed(grant, false, GrantConditions.ReviewOverdue, sentence, facts.Now),
                new GrantEvent(true, EventReasons.ReviewOverdue, EventActions.Remind, sentence)));
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
        .With(GrantConditions.Reviewed, false, GrantConditions.ReviewPending, ReviewMessages.Pending(grant, policy), grant.Metadata.Generation, now);

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
}
