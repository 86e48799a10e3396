using TestKit;

namespace Simulation;

/// <summary>The clocks of one machine in a world whose time is true: its wall clock can be wrong, its monotonic clock and its timers are right.</summary>
internal sealed class NodeClock(FakeClock world) : TimeProvider
{
    private long _wallIsOffBy;

    /// <summary>How far its wall clock is ahead of the true time.</summary>
    public TimeSpan WallIsOffBy
    {
        get => TimeSpan.FromTicks(Volatile.Read(ref _wallIsOffBy));
        set => Volatile.Write(ref _wallIsOffBy, value.Ticks);
    }

    public override long TimestampFrequency => world.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => world.GetUtcNow() + WallIsOffBy;

    public override long GetTimestamp() => world.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        world.CreateTimer(callback, state, dueTime, period);
}
