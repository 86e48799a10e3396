namespace BreakGlass.Operator.Metrics;

/// <summary>The gauges of one drill.</summary>
/// <param name="Drill">Its name.</param>
/// <param name="LastPassedAt">When a run passed last; null for never.</param>
/// <param name="IsPassing">Whether its last run passed; null if it never ran.</param>
/// <param name="DueAt">When a run must have passed: the first time of the schedule after the last run that passed. Null if it does not run.</param>
internal sealed record DrillMetrics(string Drill, DateTimeOffset? LastPassedAt, bool? IsPassing, DateTimeOffset? DueAt);
