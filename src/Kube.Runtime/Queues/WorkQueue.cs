namespace Kube.Runtime;

/// <summary>
/// client-go's work queue with lanes: a key is in it once however often it is added, is never handed out twice at the same
/// time, and an add while it is being worked on makes exactly one further run.
/// </summary>
/// <remarks>
/// A key may also wait for an instant (<see cref="AddAt"/>, <see cref="AddAfter"/>, <see cref="AddRateLimited"/>); that is apart
/// from being queued, so an add in the meantime neither cancels nor hastens it. Waiting keys cost no polling. Thread-safe.
/// </remarks>
/// <typeparam name="TKey">What to work on; small, with value equality.</typeparam>
[SuppressMessage("Naming", "CA1711", Justification = "Work queue is what the field calls it.")]
[SuppressMessage("Design", "CA1001", Justification = "ShutDown is its disposal and part of its contract.")]
public sealed class WorkQueue<TKey>
    where TKey : notnull
{
    /// <summary>Delay of the first rate-limited add of a key; it doubles with each one.</summary>
    public static readonly TimeSpan BaseDelay = TimeSpan.FromMilliseconds(5);

    /// <summary>Default of the longest such delay.</summary>
    public static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(1000);

    private readonly Lock _lock = new();
    private readonly TagList _tags;
    private readonly ReadyQueue<TKey> _ready;
    private readonly WaitingKeys<TKey> _waiting = new();
    private readonly Alarm _alarm;
    private readonly Dictionary<TKey, int> _failures = [];
    private bool _shuttingDown;

    /// <param name="name">For the metrics.</param>
    /// <param name="time">Clock and timer.</param>
    public WorkQueue(string name, TimeProvider time)
    {
        Name = name;
        _tags = new() { { "name", name }, { "controller", name } };
        _ready = new(time, _tags);
        _alarm = new(time, LookAtClock);
        RuntimeMetrics.Watch(this, Sample);
    }

    /// <summary>The name that the metrics carry.</summary>
    public string Name { get; }

    /// <summary>Keys that wait for a worker now; neither those being worked on nor those that wait for an instant.</summary>
    public int Depth
    {
        get { lock (_lock) return _ready.Depth; }
    }

    /// <summary>Keys that wait for their instant.</summary>
    public int Waiting
    {
        get { lock (_lock) return _waiting.Count; }
    }

    /// <summary>Queues a key. If it is queued already, the more urgent lane wins. Ignored once shut down.</summary>
    public void Add(TKey key, Lane lane = Lane.Normal)
    {
        lock (_lock)
        {
            if (!_shuttingDown) _ready.Add(key, lane);
        }
    }

    /// <summary>As <see cref="Add"/>, but for a key that is being worked on, which is left alone.</summary>
    /// <returns>False if the key is being worked on.</returns>
    public bool TryAdd(TKey key, Lane lane = Lane.Normal)
    {
        lock (_lock)
        {
            if (_ready.IsProcessing(key)) return false;
            if (!_shuttingDown) _ready.Add(key, lane);
            return true;
        }
    }

    /// <summary>
    /// Queues a key at an instant of the wall clock, at once if it has come. If the key waits already, the earlier instant
    /// and the more urgent lane hold, and the later instant is forgotten: the worker of the key asks for it again.
    /// If the wall clock is set back meanwhile, the key comes no later than it would have come otherwise.
    /// </summary>
    public void AddAt(TKey key, DateTimeOffset dueUtc, Lane lane = Lane.Normal)
    {
        lock (_lock) AddAtLocked(key, dueUtc, lane, Now());
    }

    /// <summary>Queues a key after a delay, at once if there is none. Otherwise as <see cref="AddAt"/>.</summary>
    public void AddAfter(TKey key, TimeSpan delay, Lane lane = Lane.Normal)
    {
        lock (_lock)
        {
            var now = Now();
            AddAtLocked(key, delay < DateTimeOffset.MaxValue - now ? now + delay : DateTimeOffset.MaxValue, lane, now);
        }
    }

    /// <summary>Counts a failure of the key and queues it after 5 ms · 2^(failures before), at most <paramref name="cap"/>.</summary>
    /// <param name="key">The key that failed.</param>
    /// <param name="lane">The lane to come back in.</param>
    /// <param name="cap">The longest delay; <see cref="MaxDelay"/> by default.</param>
    public void AddRateLimited(TKey key, Lane lane = Lane.Normal, TimeSpan? cap = null)
    {
        lock (_lock)
        {
            var failures = _failures.GetValueOrDefault(key);
            _failures[key] = failures + 1;
            RuntimeMetrics.QueueRetries.Add(1, _tags);
            var now = Now();
            AddAtLocked(key, now + BackOff(failures, cap ?? MaxDelay), lane, now);
        }
    }

    /// <summary>Sets the key's count of failures back to none. Dequeues nothing.</summary>
    public void Forget(TKey key)
    {
        lock (_lock) _failures.Remove(key);
    }

    /// <summary>
    /// Takes the most urgent key, waiting for one if there is none, and marks it as being worked on until <see cref="Done"/>.
    /// </summary>
    /// <param name="slowestLane">Keys of slower lanes are left to other workers.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The item; null once the queue is shut down and nothing is left in these lanes.</returns>
    public async ValueTask<WorkItem<TKey>?> GetAsync(Lane slowestLane, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ReadyQueue<TKey>.Waiter waiter;
        lock (_lock)
        {
            if (_ready.TryTake(slowestLane, out var item)) return item;
            if (_shuttingDown && _ready.IsDrained(slowestLane)) return null;
            waiter = _ready.Wait(slowestLane);
        }

        await using var _ = cancellationToken.Register(() => Cancel(waiter, cancellationToken));
        return await waiter.Answer.Task;
    }

    /// <summary>Looks at the clock now rather than after the sleep it is in: for who knows that the clock has jumped.</summary>
    public void LookAtClock()
    {
        lock (_lock)
        {
            if (_shuttingDown) return;
            var now = Now();
            while (_waiting.TryTake(now, out var key, out var lane)) _ready.Add(key, lane);
            _alarm.Set(_waiting.Earliest, now);
        }
    }

    /// <summary>Ends the work on a key; queues it again if it was added meanwhile.</summary>
    /// <exception cref="InvalidOperationException">The key is not being worked on.</exception>
    public void Done(TKey key)
    {
        lock (_lock)
        {
            _ready.Done(key);
            if (_shuttingDown) _ready.ReleaseDrained();
        }
    }

    /// <summary>No further adds, waiting keys are dropped; workers get what is queued and then null.</summary>
    public void ShutDown()
    {
        lock (_lock)
        {
            if (_shuttingDown) return;
            _shuttingDown = true;
            _waiting.Clear();
            _alarm.Dispose();
            _ready.ReleaseDrained();
        }

        RuntimeMetrics.Unwatch(this);
    }

    /// <summary>Makes the counters exist at 0.</summary>
    internal void InitialiseMetrics()
    {
        RuntimeMetrics.QueueAdds.Add(0, _tags);
        RuntimeMetrics.QueueRetries.Add(0, _tags);
    }

    internal static TimeSpan BackOff(int failures, TimeSpan cap)
    {
        var ticks = BaseDelay.Ticks * Math.Pow(2, Math.Min(failures, 62));
        return ticks < cap.Ticks ? TimeSpan.FromTicks((long)ticks) : cap;
    }

    private void AddAtLocked(TKey key, DateTimeOffset due, Lane lane, DateTimeOffset now)
    {
        if (_shuttingDown) return;
        if (due <= now)
        {
            _ready.Add(key, lane);
        }
        else if (_waiting.Add(key, due, lane))
        {
            _alarm.Set(due, now);
        }
    }

    private DateTimeOffset Now()
    {
        var (now, setBack) = _alarm.Read();
        if (setBack < TimeSpan.Zero && _waiting.Count > 0)
        {
            _waiting.Shift(setBack);
            _alarm.Set(_waiting.Earliest, now);
        }

        return now;
    }

    private void Cancel(ReadyQueue<TKey>.Waiter waiter, CancellationToken cancellationToken)
    {
        lock (_lock) ReadyQueue<TKey>.Cancel(waiter, cancellationToken);
    }

    private QueueSample Sample()
    {
        lock (_lock)
        {
            var running = _ready.RunningSeconds;
            return new(Name, _ready.DepthByLane, running.Sum(), running.DefaultIfEmpty().Max());
        }
    }
}
