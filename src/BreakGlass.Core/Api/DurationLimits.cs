using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>How long a grant gives access.</summary>
[ValidationRule($"duration(self.max) <= duration('{Bounds.LongestGrant}')", message: "max: " + Sentences.LongerThanAGrant)]
[ValidationRule("duration(self.default) <= duration(self.max)", message: "default: " + Sentences.LongerThanMax)]
[ValidationRule("duration(self.default) > duration('0s')", message: "default: " + Sentences.NotPositive)]
public sealed record DurationLimits
{
    /// <summary>The duration of a grant that does not set one. More than zero, and at most max.</summary>
    [Default, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string Default { get; init => field = value ?? Bounds.UsualDuration; } = Bounds.UsualDuration;

    /// <summary>The longest duration that a grant can request; at most 12h.</summary>
    [Default, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string Max { get; init => field = value ?? Bounds.UsualMaxDuration; } = Bounds.UsualMaxDuration;
}
