namespace Simulation;

/// <summary>
/// Knows when nothing moves any more: no work item runs or waits on the thread pool, so whatever is left waits for the fake clock or for the
/// test. With it a simulation moves its time only when everybody has done what there was to do, and a run is the same every time.
/// </summary>
/// <remarks>
/// All code under test runs on the thread pool and waits only by timers of the fake clock. The test itself runs on a thread of its own
/// (<see cref="Run"/>). Only for test assemblies that run one test at a time.
/// </remarks>
internal sealed class Stillness
{
    /// <summary>How often the kernel is asked before the pool's own number is trusted: what the test runner does for a moment is over by then.</summary>
    private const int Looks = 200;

    private const int Confirmations = 20;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(1);

    // Longer than anything at work sleeps of itself: .NET waits up to 5 ms for a lock of its memory, and 1 ms where it spins.
    private static readonly TimeSpan LongerThanAPause = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// The fewest workers that the pool counted as busy while all threads slept: the test runner keeps some for good. Of the whole run, since a moment at
    /// which it keeps one more would let somebody at work pass for idle later.
    /// </summary>
    private static int _busyAtRest = int.MaxValue;
    private static int _looks;

    private static readonly ManualResetEvent s_never = new(initialState: false);

    private readonly ProcessThreads _threads;

    private Stillness(ProcessThreads threads) => _threads = threads;

    /// <summary>Runs a simulation on a thread of its own.</summary>
    public static async Task Run(Action<Stillness> simulation)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                using var threads = new ProcessThreads();
                simulation(new(threads));
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        }) { IsBackground = true, Name = "simulation" };
        thread.Start();
        await done.Task;
    }

    /// <summary>Comes back when nothing moves.</summary>
    /// <exception cref="TimeoutException">Something moves on and on: work that goes round in circles.</exception>
    public void Await()
    {
        var started = TimeProvider.System.GetTimestamp();
        var lookedAt = started;
        while (true)
        {
            if (ThreadPool.PendingWorkItemCount == 0)
            {
                var busy = Busy();
                if (_looks >= Looks && busy <= _busyAtRest && StaysStill(busy))
                {
                    _busyAtRest = busy;
                    return;
                }

                // The pool counts a worker that the test runner keeps like one at work. The kernel knows which one could run.
                if (_looks < Looks || TimeProvider.System.GetElapsedTime(lookedAt) > LookAgain)
                {
                    if (BusyWhileAllSleep() is { } atRest)
                    {
                        _busyAtRest = Math.Min(_busyAtRest, atRest);
                        _looks++;
                        return;
                    }

                    lookedAt = TimeProvider.System.GetTimestamp();
                }
            }

            if (TimeProvider.System.GetElapsedTime(started) > Limit) throw new TimeoutException(
                $"Waited {Limit.TotalSeconds:0} s of real time for everything to come to rest, and it did not: something goes round in circles.");
            Thread.Yield();
        }
    }

    /// <summary>The number of busy workers while nothing waits for one and all threads sleep from the first of three looks to the last; else null.</summary>
    private int? BusyWhileAllSleep()
    {
        if (_threads.TurnsIfAsleep() is not { } turns) return null;
        var (busy, completed) = (Busy(), ThreadPool.CompletedWorkItemCount);
        if (_threads.TurnsIfAsleep() != turns || ThreadPool.PendingWorkItemCount != 0) return null;
        s_never.WaitOne(LongerThanAPause);
        return _threads.TurnsIfAsleep() == turns && ThreadPool.PendingWorkItemCount == 0 && ThreadPool.CompletedWorkItemCount == completed && Busy() == busy
            ? busy : null;
    }

    /// <summary>The test runner may have let a worker go just now, and another be at work: that one gets the processor a few times first.</summary>
    private static bool StaysStill(int busy)
    {
        var completed = ThreadPool.CompletedWorkItemCount;
        if (busy < _busyAtRest) s_never.WaitOne(LongerThanAPause);
        for (var i = 0; i < Confirmations; i++)
        {
            Thread.Yield();
            if (ThreadPool.PendingWorkItemCount != 0 || ThreadPool.CompletedWorkItemCount != completed || Busy() != busy) return false;
        }

        return true;
    }

    private static int Busy()
    {
        ThreadPool.GetMaxThreads(out var most, out _);
        ThreadPool.GetAvailableThreads(out var available, out _);
        return most - available;
    }
}
