using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>Who must approve before the grant becomes active.</summary>
public sealed record ApprovalTerms
{
    /// <summary>How many different people must approve.</summary>
    [Default, RangeMinimum(1), RangeMaximum(10)]
    public int Required { get; init => field = value == 0 ? 1 : value; } = 1;

    /// <summary>Who can approve or deny. Requesters can never decide on their own requests.</summary>
    [Required, Items(1, 64)]
    public IReadOnlyList<Subject> Approvers { get; init => field = value ?? []; } = [];

    /// <summary>How long a request waits for a decision before it is denied, or activated by emergencyBypass. More than zero, and at most 168h.</summary>
    [Default, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    [ValidationRule("duration(self) > duration('0s')", message: "timeout: " + Sentences.NotPositive)]
    [ValidationRule($"duration(self) <= duration('{Bounds.LongestWait}')", message: "timeout: " + Sentences.LongerThanAWait)]
    public string Timeout { get; init => field = value ?? Bounds.UsualWait; } = Bounds.UsualWait;

    /// <summary>Low-risk requests that do not need an approver. Default: none.</summary>
    public AutoApproval? AutoApprove { get; init; }
}
