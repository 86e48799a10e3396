using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>Access without approval if no approver decides in time.</summary>
public sealed record EmergencyBypass
{
    /// <summary>The maximum duration of such access. More than zero, and at most 12h. A shorter request gets the shorter duration.</summary>
    [Required, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    [ValidationRule("duration(self) > duration('0s')", message: "duration: " + Sentences.NotPositive)]
    [ValidationRule($"duration(self) <= duration('{Bounds.LongestGrant}')", message: "duration: " + Sentences.LongerThanAGrant)]
    public string Duration { get; init => field = value ?? ""; } = "";
}
