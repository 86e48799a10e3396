namespace Benchmarks;

/// <summary>Measured durations in milliseconds.</summary>
internal sealed record Samples(IReadOnlyList<double> Values)
{
    /// <summary>How long after a moment others were, all of them timestamps of the TimeProvider.</summary>
    public static Samples Since(long began, IEnumerable<long> at) =>
        new([.. at.Select(a => TimeProvider.System.GetElapsedTime(began, a).TotalMilliseconds)]);

    public double P50 => Percentile(50);

    public double P99 => Percentile(99);

    public double Max => Percentile(100);

    public Samples And(Samples others) => new([.. Values, .. others.Values]);

    /// <summary>The smallest value that at least so many percent of the values do not exceed (nearest rank); NaN of none.</summary>
    public double Percentile(double percent)
    {
        if (Values.Count == 0) return double.NaN;
        var sorted = Values.Order().ToList();
        return sorted[Math.Clamp((int)Math.Ceiling(percent / 100 * sorted.Count) - 1, 0, sorted.Count - 1)];
    }
}
