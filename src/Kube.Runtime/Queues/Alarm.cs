namespace Kube.Runtime;

/// <summary>
/// Wakes a <see cref="WorkQueue{TKey}"/> at the instants of its waiting keys: one timer, and only while something waits.
/// </summary>
/// <remarks>
/// Timers run on the monotonic clock, which stands still while a machine is suspended and knows nothing of a corrected wall
/// clock (dotnet/runtime#77945). So a sleep is never longer than <see cref="LongestSleep"/>, and what counts on waking is the
/// wall clock. If it was set back, the caller learns by how much, and must not wait the difference once more.
/// Not thread-safe: the queue's lock guards it.
/// </remarks>
internal sealed class Alarm(TimeProvider time, Action wake) : IDisposable
{
    /// <summary>client-go's <c>maxWait</c>.</summary>
    internal static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(10);

    // Slewing moves a clock by less than 5 ms in the longest sleep; this is a step.
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private ITimer? _timer;
    private (DateTimeOffset Wall, long Timestamp)? _last;

    /// <summary>The wall clock, and by how much it was set back since it was read last (negative, or zero).</summary>
    public (DateTimeOffset Now, TimeSpan SetBack) Read()
    {
        var now = time.GetUtcNow();
        var timestamp = time.GetTimestamp();
        var drift = _last is { } last ? now - last.Wall - time.GetElapsedTime(last.Timestamp, timestamp) : TimeSpan.Zero;
        _last = (now, timestamp);
        return (now, drift < -Step ? drift : TimeSpan.Zero);
    }

    /// <summary>Sets the timer for an instant, or stops it when there is none.</summary>
    public void Set(DateTimeOffset? due, DateTimeOffset now)
    {
        if (due is null)
        {
            _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }

        var sleep = due.Value - now;
        if (sleep > LongestSleep) sleep = LongestSleep;

        // Timers cut off fractions of a millisecond, and waking before the instant would be for nothing.
        sleep = sleep <= TimeSpan.Zero ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Math.Ceiling(sleep.TotalMilliseconds));
        _timer ??= time.CreateTimer(static state => ((Action)state!)(), wake, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(sleep, Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => _timer?.Dispose();
}
