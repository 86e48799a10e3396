namespace Benchmarks;

/// <summary>One figure.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Measured">The figure.</param>
/// <param name="Floor">What the bare loop needs; empty where there is none.</param>
/// <param name="Target">What was to be reached; empty where there is no target.</param>
/// <param name="Reached">Whether it was; null where there is no target.</param>
internal sealed record Figure(string Name, string Measured, string Floor, string Target, bool? Reached);
