namespace TestKit;

/// <summary>A timer of a <see cref="FakeClock"/>. Its fields are guarded by the clock's lock.</summary>
internal sealed class FakeTimer(FakeClock clock, TimerCallback callback, object? state) : ITimer
{
    // What System.Threading.Timer can count to: 2^32 - 2 ms, about 49.7 days. Code that sleeps longer breaks in production.
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private readonly ExecutionContext? _context = ExecutionContext.Capture();
    private volatile bool _disposed;

    public static IComparer<FakeTimer> Order { get; } =
        Comparer<FakeTimer>.Create((a, b) => a.Due != b.Due ? a.Due.CompareTo(b.Due) : a.Sequence.CompareTo(b.Sequence));

    public TimeSpan Due { get; set; }

    public TimeSpan Period { get; set; }

    public long Sequence { get; set; }

    public bool IsBackground { get; init; }

    public bool IsDisposed => _disposed;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        ThrowIfOutOfRange(dueTime, nameof(dueTime));
        ThrowIfOutOfRange(period, nameof(period));
        return clock.TryArm(this, dueTime, period);
    }

    public void Run()
    {
        if (_disposed) return;
        var previous = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            if (_context is null) callback(state);
            else ExecutionContext.Run(_context, static t => ((FakeTimer)t!).Invoke(), this);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(previous);
        }
    }

    public void Dispose()
    {
        _disposed = true;
        clock.Disarm(this);
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private void Invoke() => callback(state);

    private static void ThrowIfOutOfRange(TimeSpan time, string name)
    {
        if (time == Timeout.InfiniteTimeSpan) return;
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(time, Longest, name);
    }
}
