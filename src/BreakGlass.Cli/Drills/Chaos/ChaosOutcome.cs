namespace BreakGlass.Cli.Drills.Chaos;

/// <summary>What came of one expectation.</summary>
/// <param name="Expected">The expectation.</param>
/// <param name="Came">What came instead, or how it came.</param>
/// <param name="IsMet">Whether it came as expected.</param>
internal sealed record ChaosOutcome(string Expected, string Came, bool IsMet);
