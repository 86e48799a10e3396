using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>The review after a grant's end.</summary>
public sealed record ReviewTerms
{
    /// <summary>Whether each grant must be reviewed. Always true for mode BreakGlass.</summary>
    [Default("true")]
    public bool? Required { get; init; }

    /// <summary>The time for the review, counted from the end of the grant. After that, the review is reported as overdue.</summary>
    [Default, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string Within { get; init => field = value ?? Bounds.UsualReview; } = Bounds.UsualReview;

    /// <summary>Who can review, except the requester and approvers of the grant. If empty: everybody else who can create reviews.</summary>
    [Items(maxItems: 64)]
    public IReadOnlyList<Subject> Reviewers { get; init => field = value ?? []; } = [];

    /// <summary>If true, a requester gets no other grant of this policy while one of their grants waits for its review.</summary>
    [Default]
    public bool BlockRequesterUntilReviewed { get; init; }
}
