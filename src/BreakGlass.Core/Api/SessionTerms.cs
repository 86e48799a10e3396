using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>How a grant reaches the API server, and what follows from what is done with it.</summary>
public sealed record SessionTerms
{
    /// <summary>How the holder of a grant reaches the API server. The path of a grant is decided when it becomes active.</summary>
    [Default]
    public SessionPath Path { get; init; }

    /// <summary>What follows if a session is unusual.</summary>
    [Default]
    public AnomalyHandling OnAnomaly { get; init; }

    /// <summary>From when on a session is unusual.</summary>
    [Default]
    public AnomalyLimits Anomalies { get; init => field = value ?? new(); } = new();
}
