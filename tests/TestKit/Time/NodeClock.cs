namespace TestKit;

/// <summary>The clocks of one machine in a world whose time is true: its wall clock can be wrong, its monotonic clock and its timers are right.</summary>
public sealed class NodeClock(FakeClock world) : TimeProvider
{
    private long _wallIsOffBy;

    /// <summary>How far its wall clock is ahead of the true time.</summary>
    public TimeSpan WallIsOffBy
    {
        get => TimeSpan.FromTicks(Volatile.Read(ref _wallIsOffBy));
        set => Volatile.Write(ref _wallIsOffBy, value.Ticks);
    }

    /// <inheritdoc/>
    public override long TimestampFrequency => world.TimestampFrequency;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => world.GetUtcNow() + WallIsOffBy;

    /// <inheritdoc/>
    public override long GetTimestamp() => world.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        world.CreateTimer(callback, state, dueTime, period);
}
