using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>From when on a session is unusual.</summary>
public sealed record AnomalyLimits
{
    /// <summary>How many requests may read Secrets.</summary>
    [Default, RangeMinimum(0), RangeMaximum(1_000_000)]
    public int SecretsRead { get; init; } = 20;

    /// <summary>How many requests may be refused.</summary>
    [Default, RangeMinimum(0), RangeMaximum(1_000_000)]
    public int Denied { get; init; } = 20;
}
