using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>A reviewer's judgement of a grant.</summary>
public sealed record ReviewSpec
{
    /// <summary>The name of the grant.</summary>
    [Required, Length(1, Bounds.LongestName)]
    public string Grant { get; init => field = value ?? ""; } = "";

    /// <summary>The UID of the grant. Admission sets it, so that the review does not count for a later grant with this name.</summary>
    [Length(maxLength: 64)]
    public string? GrantUid { get; init; }

    /// <summary>The judgement: Justified, Unjustified or Misused.</summary>
    [Required, Enum(ApiWords.Outcomes)]
    public string Outcome { get; init => field = value ?? ""; } = "";

    /// <summary>What the reviewer found.</summary>
    [Length(maxLength: 4096)]
    public string? Comment { get; init; }

    /// <summary>What to do next, for example a ticket.</summary>
    [Length(maxLength: 1024)]
    public string? FollowUp { get; init; }

    /// <summary>Who reviews. Admission sets it from the authenticated caller.</summary>
    public Caller? Reviewer { get; init; }
}
