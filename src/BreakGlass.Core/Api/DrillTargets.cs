using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>How long the parts of a drill can take. A run that takes longer fails.</summary>
public sealed record DrillTargets
{
    /// <summary>The longest time from the request to the first use of the access that succeeds. Default: no target.</summary>
    [Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string? TimeToAccess { get; init; }

    /// <summary>
    /// The longest time from the revocation, or from the time at which the grant expires, to the first use of the access that is refused. Default: no target.
    /// </summary>
    [Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string? TimeToDenial { get; init; }

    /// <summary>
    /// The longest time from the revocation, or from the time at which the grant expires, to the proof that access is gone (condition Revoked). Default: no
    /// target.
    /// </summary>
    [Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string? ProofOfEnd { get; init; }
}
