namespace BreakGlass.Operator.Metrics;

/// <summary>The gauges of one policy.</summary>
/// <param name="Policy">Its name.</param>
internal sealed record PolicyMetrics(string Policy)
{
    /// <summary>How many of its grants are in each phase; phases that are not named count none.</summary>
    public IReadOnlyDictionary<GrantPhase, int> Grants { get; init; } = new Dictionary<GrantPhase, int>();

    /// <summary>When one of its grants last became active; null for never.</summary>
    public DateTimeOffset? LastActivation { get; init; }

    /// <summary>Finished grants whose review is awaited and in time.</summary>
    public int ReviewsPending { get; init; }

    /// <summary>Finished grants whose review is late.</summary>
    public int ReviewsOverdue { get; init; }

    /// <summary>Whether it was used more often than it allows.</summary>
    public bool Overused { get; init; }
}
