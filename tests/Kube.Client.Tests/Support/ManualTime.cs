namespace Kube.Client.Tests;

/// <summary>Time that only moves when the test says so. Its timestamps run at an odd frequency, so that code which takes them for ticks fails.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly List<(int Count, TaskCompletionSource Done)> _waits = [];
    private TimeSpan _elapsed;
    private int _armed;

    public static DateTimeOffset Start { get; } = new(2026, 11, 22, 1, 2, 3, TimeSpan.Zero);

    public override long TimestampFrequency => 7_000_000;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate) return Start + _elapsed;
    }

    public override long GetTimestamp()
    {
        lock (_gate) return (long)(_elapsed.TotalSeconds * TimestampFrequency) + 12345;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Completes once this many timers have been armed since the beginning.</summary>
    public Task WhenArmedAsync(int count)
    {
        lock (_gate)
        {
            if (_armed >= count) return Task.CompletedTask;
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waits.Add((count, done));
            return done.Task;
        }
    }

    public void Advance(TimeSpan by)
    {
        var end = TimeSpan.Zero;
        lock (_gate) end = _elapsed + by;
        while (true)
        {
            ManualTimer? next;
            lock (_gate)
            {
                next = _timers.Where(t => t.Due <= end).MinBy(t => t.Due);
                _elapsed = next?.Due ?? end;
                if (next is not null) _timers.Remove(next);
            }

            if (next is null) return;
            next.Fire();
        }
    }

    private void Arm(ManualTimer timer, TimeSpan dueTime)
    {
        lock (_gate)
        {
            _timers.Remove(timer);
            if (dueTime == Timeout.InfiniteTimeSpan) return;
            timer.Due = _elapsed + dueTime;
            _timers.Add(timer);
            _armed++;
            foreach (var (count, done) in _waits) if (_armed >= count) done.TrySetResult();
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        public TimeSpan Due { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            time.Arm(this, dueTime);
            return true;
        }

        public void Fire() => callback(state);

        public void Dispose() => time.Arm(this, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
