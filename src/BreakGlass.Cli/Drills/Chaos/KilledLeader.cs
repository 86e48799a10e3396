namespace BreakGlass.Cli.Drills.Chaos;

/// <summary>What was seen after the leader was killed; the times count from then.</summary>
/// <param name="Found">The run and what is left of it, as seen last.</param>
internal sealed record KilledLeader(ChaosFindings Found)
{
    /// <summary>When another one led.</summary>
    public TimeSpan? Led { get; init; }

    /// <summary>The next leader.</summary>
    public string? Holder { get; init; }

    /// <summary>When access was gone.</summary>
    public TimeSpan? Closed { get; init; }

    /// <summary>When that was proven.</summary>
    public TimeSpan? Proven { get; init; }

    /// <summary>Whether there is nothing left to wait for.</summary>
    public bool IsComplete => Led is not null && Proven is not null && Found.Run.Result is not DrillResult.Running;
}
