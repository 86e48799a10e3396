namespace BreakGlass.Operator.Time;

/// <summary>The time for what cannot be undone.</summary>
internal static class CertainTime
{
    /// <summary>
    /// The time by the slowest of the clocks while they agree; null while they do not. A clock that is compared with no other is taken at its word.
    /// </summary>
    public static DateTimeOffset? CertainNow(this TimeProvider time) => time is SteadyClock steady ? steady.CertainNow : time.GetUtcNow();
}
