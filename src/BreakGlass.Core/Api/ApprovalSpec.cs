using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>A decision on a grant.</summary>
public sealed record ApprovalSpec
{
    /// <summary>The name of the grant.</summary>
    [Required, Length(1, Bounds.LongestName)]
    public string Grant { get; init => field = value ?? ""; } = "";

    /// <summary>The UID of the grant. Admission sets it, so that the decision does not count for a later grant with this name.</summary>
    [Length(maxLength: 64)]
    public string? GrantUid { get; init; }

    /// <summary>Approve or Deny. One Deny is enough to deny the request.</summary>
    [Required, Enum("Approve, Deny")]
    public string Decision { get; init => field = value ?? ""; } = "";

    /// <summary>Why, for the record.</summary>
    [Length(maxLength: 4096)]
    public string? Comment { get; init; }

    /// <summary>Who decides. Admission sets it from the authenticated caller.</summary>
    public Caller? Approver { get; init; }
}
