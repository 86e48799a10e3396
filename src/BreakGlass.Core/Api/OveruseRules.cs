using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>How many activations are too many.</summary>
public sealed record OveruseRules
{
    /// <summary>The number of activations within the window above which the policy counts as overused.</summary>
    [Required, RangeMinimum(1), RangeMaximum(100000)]
    public int Activations { get; init; }

    /// <summary>The sliding window. More than zero and at most retainFor, because the operator counts the grants that are kept.</summary>
    [Required, Pattern(GoDuration.Pattern), Length(maxLength: 32), ValidationRule(
        "duration(self) > duration('0s')", message: "window: " + Sentences.NotPositive)]
    public string Window { get; init => field = value ?? ""; } = "";
}
