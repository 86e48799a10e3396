namespace BreakGlass.Operator.Metrics;

/// <summary>What the gauges show, computed from the caches at the moment of a scrape.</summary>
internal sealed record MetricsSnapshot
{
    /// <summary>When it was taken.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>One entry for each policy that exists, or that grants still wait for a review of.</summary>
    public IReadOnlyList<PolicyMetrics> Policies { get; init; } = [];

    /// <summary>One entry for each drill.</summary>
    public IReadOnlyList<DrillMetrics> Drills { get; init; } = [];

    /// <summary>Grants whose access is due to end and is not cut yet.</summary>
    public int LingeringGrants { get; init; }

    /// <summary>Grants whose access was cut more than a minute ago and is not proven to be gone yet.</summary>
    public int UnprovenGrants { get; init; }

    /// <summary>Grants that are over and of which something cannot be removed.</summary>
    public int ObstructedRevocations { get; init; }

    /// <summary>One entry for each authority.</summary>
    public IReadOnlyList<AuthorityMetrics> Authorities { get; init; } = [];

    /// <summary>Lockdowns in force.</summary>
    public int Lockdowns { get; init; }

    /// <summary>Whether the operator has a gateway.</summary>
    public bool HasGateway { get; init; }

    /// <summary>This machine's clock minus the API server's; null before the first answer.</summary>
    public TimeSpan? ClockSkew { get; init; }
}
