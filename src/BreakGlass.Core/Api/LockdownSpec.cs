using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>The scope of a lockdown, and its reason.</summary>
public sealed record LockdownSpec
{
    /// <summary>Why, for the record.</summary>
    [Required, Length(1, Bounds.LongestJustification)]
    public string Reason { get; init => field = value ?? ""; } = "";

    /// <summary>The labels of the policies whose grants are locked down. If empty: all policies.</summary>
    public LabelSelector? PolicySelector { get; init; }

    /// <summary>Who created the lockdown. Admission sets it from the authenticated caller.</summary>
    public Caller? By { get; init; }
}
