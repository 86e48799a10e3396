namespace Benchmarks;

/// <summary>How long it takes from the answer to the creation of a grant until its status Active is seen.</summary>
internal sealed record LatencyFigures(Samples OneAtATime, Samples AtOnce, double PerSecond, IReadOnlyList<double> ProcessorMs)
{
    /// <summary>Two runs of the same as one.</summary>
    public LatencyFigures And(LatencyFigures other) =>
        new(OneAtATime.And(other.OneAtATime), AtOnce.And(other.AtOnce), 2 / (1 / PerSecond + 1 / other.PerSecond), ProcessorMs);
}
