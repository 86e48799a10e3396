using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>Low-risk requests that do not need an approver.</summary>
public sealed record AutoApproval
{
    /// <summary>The longest duration that is approved automatically.</summary>
    [Required, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string MaxDuration { get; init => field = value ?? ""; } = "";

    /// <summary>If true, only requests whose roles are read-only are approved automatically.</summary>
    [Default("true")]
    public bool? ReadOnlyOnly { get; init; }
}
