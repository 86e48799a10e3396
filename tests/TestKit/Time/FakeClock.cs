namespace TestKit;

/// <summary>
/// A clock that stands still until a test moves it. Wall clock (<see cref="GetUtcNow"/>) and monotonic clock
/// (<see cref="GetTimestamp"/>, timers) move together under <see cref="Advance"/>; <see cref="JumpWallClock"/> moves the
/// wall clock alone, as a corrected or suspended machine does.
/// </summary>
/// <remarks>
/// How timers run, so that tests stay deterministic:
/// <list type="bullet">
/// <item>Due timers run on the thread that calls <see cref="Advance"/>, one after another in order of their due time (then of
/// arming), each with the clock standing at its own due time. What a callback arms within the same span fires in it too.</item>
/// <item>They run without a synchronisation context, as real ones do. Where the code under test goes on after
/// <c>await Task.Delay(…, clock)</c> is not settled by that: mostly inside Advance, but on its own thread if it has a context
/// (xunit's) or had armed the timer and not yet come to await it. So a test steps: note <see cref="Armings"/>, advance to one
/// instant, await the effect (<see cref="WhenTimerArmedSince"/>, a <see cref="Signal"/>), then take the next step.</item>
/// <item>A timer armed with a due time of zero runs at once on the thread pool, as a real one does; it never waits for an Advance.</item>
/// <item>Advance from one place only. Concurrent and nested calls are safe but their order is nobody's.</item>
/// </list>
/// The timestamp frequency is unusual (8 per tick) so that code which takes timestamps for ticks fails, yet a power of two
/// apart from them, so that <see cref="TimeProvider.GetElapsedTime(long, long)"/> is exact.
/// </remarks>
public sealed class FakeClock : TimeProvider
{
    private const int TimestampsPerTick = 8;
    private const long TimestampOrigin = 987_654_321;

    private readonly Lock _lock = new();
    private readonly SortedSet<FakeTimer> _armed = new(FakeTimer.Order);
    private readonly Signal _changed = new();
    private readonly DateTimeOffset _start;
    private TimeSpan _monotonic;
    private TimeSpan _wallJump;
    private long _armings;
    private long _sequence;

    /// <summary>A clock that stands at <see cref="DefaultStart"/>.</summary>
    public FakeClock()
        : this(DefaultStart)
    {
    }

    /// <summary>A clock that stands at <paramref name="start"/>.</summary>
    public FakeClock(DateTimeOffset start) => _start = start.ToUniversalTime();

    /// <summary>Where a clock starts unless told otherwise: with a fraction of a second, so that truncation shows.</summary>
    public static DateTimeOffset DefaultStart { get; } = new(2026, 11, 22, 1, 2, 3, 456, TimeSpan.Zero);

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond * TimestampsPerTick;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>How far <see cref="Advance"/> has moved the clock since the start; wall clock jumps do not count.</summary>
    public TimeSpan Elapsed
    {
        get { lock (_lock) return _monotonic; }
    }

    /// <summary>The time left of every armed timer, soonest first.</summary>
    public IReadOnlyList<TimeSpan> ArmedTimers
    {
        get { lock (_lock) return [.. _armed.Where(t => !t.IsBackground).Select(t => t.Due - _monotonic)]; }
    }

    /// <summary>How often a timer has been armed so far; see <see cref="WhenTimerArmedSince"/>.</summary>
    public long Armings
    {
        get { lock (_lock) return _armings; }
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock) return _start + _monotonic + _wallJump;
    }

    /// <inheritdoc/>
    public override long GetTimestamp()
    {
        lock (_lock) return TimestampOrigin + _monotonic.Ticks * TimestampsPerTick;
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new FakeTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves both clocks on and runs every timer that comes due on the way, in order of time.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="by"/> is negative: time does not run back; see <see cref="JumpWallClock"/>.</exception>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        TimeSpan target;
        lock (_lock) target = _monotonic + by;
        while (TakeDue(target) is { } timer) timer.Run();
        lock (_lock)
        {
            if (target > _monotonic) _monotonic = target;
        }

        _changed.Raise();
    }

    /// <summary>Moves both clocks to where the wall clock shows <paramref name="instant"/>.</summary>
    public void AdvanceTo(DateTimeOffset instant) => Advance(instant - GetUtcNow());

    /// <summary>Moves both clocks to the next armed timer and runs what is due there.</summary>
    /// <returns>False if no timer is armed; the clock has not moved then.</returns>
    public bool AdvanceToNextTimer()
    {
        TimeSpan by;
        lock (_lock)
        {
            if (_armed.FirstOrDefault(t => !t.IsBackground) is not { } next) return false;
            by = next.Due - _monotonic;
        }

        Advance(by < TimeSpan.Zero ? TimeSpan.Zero : by);
        return true;
    }

    /// <summary>Moves the wall clock alone, forward or (negative) back. No timer fires: they run on the monotonic clock.</summary>
    public void JumpWallClock(TimeSpan by)
    {
        lock (_lock) _wallJump += by;
        _changed.Raise();
    }

    /// <summary>Completes as soon as at least one timer is armed.</summary>
    /// <param name="what">What the caller waits for, for the message when it never comes.</param>
    public Task WhenTimerArmed(string what = "any timer") => WhenTimersArmed(timers => timers.Count > 0, what);

    /// <summary>Completes as soon as a timer is armed that fires in exactly <paramref name="dueIn"/> from where the clock stands.</summary>
    public Task WhenTimerArmed(TimeSpan dueIn) => WhenTimersArmed(timers => timers.Contains(dueIn), $"a timer due in {dueIn}");

    /// <summary>
    /// Completes as soon as a timer has been armed after <see cref="Armings"/> showed <paramref name="armings"/>, even if it has fired since.
    /// </summary>
    public Task WhenTimerArmedSince(long armings) =>
        _changed.Until(() => Armings > armings, $"a timer armed after arming {armings}", Describe);

    /// <summary>Completes as soon as the times left of the armed timers (soonest first) satisfy <paramref name="condition"/>.</summary>
    public Task WhenTimersArmed(Func<IReadOnlyList<TimeSpan>, bool> condition, string what) =>
        _changed.Until(() => condition(ArmedTimers), what, Describe);

    /// <summary>A timer of the test's surroundings, not of the code under test: it fires like any other, but nobody sees or waits for it.</summary>
    internal ITimer CreateBackgroundTimer(Action callback, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new FakeTimer(this, _ => callback(), null) { IsBackground = true };
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Arms a timer. One that is disposed of meanwhile stays out: nobody would ever take it out again.</summary>
    internal bool TryArm(FakeTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        var now = false;
        lock (_lock)
        {
            if (timer.IsDisposed) return false;
            _armed.Remove(timer);
            timer.Period = period;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                now = dueTime == TimeSpan.Zero;
                timer.Due = _monotonic + dueTime;
                timer.Sequence = ++_sequence;
                if (!timer.IsBackground) _armings++;
                if (!now) _armed.Add(timer);
                else Rearm(timer);
            }
        }

        if (now) ThreadPool.UnsafeQueueUserWorkItem(static t => t.Run(), timer, preferLocal: false);
        _changed.Raise();
        return true;
    }

    internal void Disarm(FakeTimer timer)
    {
        lock (_lock) _armed.Remove(timer);
        _changed.Raise();
    }

    private FakeTimer? TakeDue(TimeSpan target)
    {
        lock (_lock)
        {
            if (_armed.Min is not { } timer || timer.Due > target) return null;
            _armed.Remove(timer);
            if (timer.Due > _monotonic) _monotonic = timer.Due;
            Rearm(timer);
            return timer;
        }
    }

    private void Rearm(FakeTimer timer)
    {
        if (timer.Period <= TimeSpan.Zero) return;
        timer.Due += timer.Period;
        timer.Sequence = ++_sequence;
        if (!timer.IsBackground) _armings++;
        _armed.Add(timer);
    }

    private string Describe() => $"the clock stands at {GetUtcNow():O}; armed: [{string.Join(", ", ArmedTimers)}]";
}
