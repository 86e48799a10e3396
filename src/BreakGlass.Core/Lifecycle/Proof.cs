namespace BreakGlass.Core.Lifecycle;

/// <summary>What the reviews said after a grant ended.</summary>
/// <param name="AccessGone">No SubjectAccessReview finds access through a binding of the grant any more.</param>
/// <param name="TokenDead">TokenReview refuses the token; null where there is no token to show.</param>
/// <param name="Elsewhere">Access of the same identity through bindings that are not the grant's.</param>
public sealed record Proof(bool AccessGone, bool? TokenDead, IReadOnlyList<string> Elsewhere)
{
    /// <summary>How many API servers answered all questions; 0 where it is one address that was asked, whatever stands behind it.</summary>
    public int Answered { get; init; }

    /// <summary>How many API servers there are, where each has an address of its own.</summary>
    public int Servers { get; init; }
}
