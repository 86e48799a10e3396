using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>What follows from what is done with a grant.</summary>
public sealed record SessionTerms
{
    /// <summary>What follows if a session is unusual.</summary>
    [Default]
    public AnomalyHandling OnAnomaly { get; init; }

    /// <summary>From when on a session is unusual.</summary>
    [Default]
    public AnomalyLimits Anomalies { get; init => field = value ?? new(); } = new();
}
