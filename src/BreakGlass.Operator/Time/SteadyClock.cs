namespace BreakGlass.Operator.Time;

/// <summary>
/// A clock that never goes back: the latest of the wall clock, the wall clock as it was plus the time that really passed since, and the API
/// server's own time. A wall clock that is set back can so never lengthen a grant, and one that jumps forward, as after a suspended machine,
/// is believed at once.
/// </summary>
/// <remarks>Timers are the inner clock's. All members may be used by many threads.</remarks>
public sealed class SteadyClock(TimeProvider inner) : TimeProvider
{
    private readonly Lock _gate = new();
    private DateTimeOffset _anchor = inner.GetUtcNow();
    private long _anchoredAt = inner.GetTimestamp();

    /// <inheritdoc/>
    public override long TimestampFrequency => inner.TimestampFrequency;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate) return Advance(inner.GetUtcNow());
    }

    /// <summary>
    /// The distance from the API server's clock that decisions must reckon with: that of the wall clock, or of this clock where the wall clock was
    /// ahead once and this one still is, whichever is larger. Null where nothing is known yet.
    /// </summary>
    /// <param name="wallSkew">The wall clock minus the API server's.</param>
    public TimeSpan? WorstSkew(TimeSpan? wallSkew)
    {
        if (wallSkew is not { } skew) return null;
        var own = skew + (GetUtcNow() - inner.GetUtcNow());
        return own.Duration() > skew.Duration() ? own : skew;
    }

    /// <summary>Takes note of the API server's time: ours is never behind it.</summary>
    public void Observe(DateTimeOffset serverTime)
    {
        lock (_gate) Advance(serverTime);
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => inner.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        inner.CreateTimer(callback, state, dueTime, period);

    private DateTimeOffset Advance(DateTimeOffset candidate)
    {
        var timestamp = inner.GetTimestamp();
        var passed = _anchor + inner.GetElapsedTime(_anchoredAt, timestamp);
        if (candidate <= passed) return passed;
        (_anchor, _anchoredAt) = (candidate, timestamp);
        return candidate;
    }
}
