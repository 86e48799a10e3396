namespace BreakGlass.Core.Journal;

/// <summary>The entries of approvals and reviews: each is immutable, and has one.</summary>
public static class ApprovalEntries
{
    private const string Deny = "Deny";

    /// <summary>The id of an approval's or a review's entry.</summary>
    public static string IdOf(IKubernetesObject<V1ObjectMeta> decision) => JournalEntry.IdOf(decision.Metadata.Uid ?? "", 0);

    /// <summary>The entry of an approval.</summary>
    /// <param name="approval">The approval.</param>
    /// <param name="grant">The grant that it is about.</param>
    /// <param name="isVerified">Whether its seal is valid. One without does not count, and its author is not known.</param>
    /// <param name="seen">Now, in case that it has no time of creation.</param>
    public static JournalEntry Of(BreakGlassApproval approval, BreakGlassGrant grant, bool isVerified, DateTimeOffset seen)
    {
        var spec = approval.Spec;
        return Of(approval, spec.Decision == Deny ? EntryTypes.Denied : EntryTypes.Approved, "approvals/", grant, isVerified, seen, spec.Approver, new()
        {
            Reason = EntryText.Short(spec.Decision), Comment = EntryText.Short(spec.Comment, EntryText.LongestComment),
        });
    }

    /// <summary>The entry of a review.</summary>
    /// <param name="review">The review.</param>
    /// <param name="grant">The grant that it is about.</param>
    /// <param name="isVerified">Whether its seal is valid. One without does not count, and its author is not known.</param>
    /// <param name="seen">Now, in case that it has no time of creation.</param>
    public static JournalEntry Of(BreakGlassReview review, BreakGlassGrant grant, bool isVerified, DateTimeOffset seen)
    {
        var spec = review.Spec;
        return Of(review, EntryTypes.Reviewed, "reviews/", grant, isVerified, seen, spec.Reviewer, new()
        {
            Reason = EntryText.Short(spec.Outcome),
            Comment = EntryText.Short(spec.Comment, EntryText.LongestComment),
            FollowUp = EntryText.Short(spec.FollowUp),
        });
    }

    private static JournalEntry Of(IKubernetesObject<V1ObjectMeta> decision, string type, string subject, BreakGlassGrant grant, bool isVerified,
        DateTimeOffset seen, Caller? actor, EntryData data) => new()
    {
        Id = IdOf(decision),
        Type = type,
        Source = JournalEntry.Operator,
        Subject = subject + decision.Metadata.Name,
        Time = decision.Metadata.CreatedAt ?? seen,
        Data = data with
        {
            Grant = grant.Metadata.Name,
            GrantUid = grant.Metadata.Uid,
            Policy = EntryText.Short(grant.Spec.Policy),
            Actor = isVerified ? EntryText.Short(actor?.Username) : null,
            Unverified = isVerified ? null : true,
            Seen = decision.Metadata.CreatedAt is null ? true : null,
        },
    };
}
