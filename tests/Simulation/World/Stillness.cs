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
    private const int Unknown = -1;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(2);

    private readonly WorkerThreads _workers;

    /// <summary>
    /// How many workers the pool counts as busy while all sleep: the test runner keeps some for good. The kernel says how many; then the pool's own number,
    /// which is quick to read, is enough.
    /// </summary>
    private int _busyAtRest = Unknown;

    private Stillness(WorkerThreads workers) => _workers = workers;

    /// <summary>Runs a simulation on a thread of its own.</summary>
    public static async Task Run(Action<Stillness> simulation)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                using var workers = new WorkerThreads();
                simulation(new(workers));
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
                if (busy <= _busyAtRest && ThreadPool.PendingWorkItemCount == 0)
                {
                    _busyAtRest = busy;
                    return;
                }

                if (_busyAtRest == Unknown || TimeProvider.System.GetElapsedTime(lookedAt) > LookAgain)
                {
                    _busyAtRest = BusyWhileAllSleep() ?? _busyAtRest;
                    lookedAt = TimeProvider.System.GetTimestamp();
                }
            }

            if (TimeProvider.System.GetElapsedTime(started) > Limit) throw new TimeoutException(
                $"Waited {Limit.TotalSeconds:0} s of real time for everything to come to rest, and it did not: something goes round in circles.");
            Thread.Yield();
        }
    }

    /// <summary>The number of busy workers while nothing waits for one and all sleep the whole time between two looks; null if they do not.</summary>
    private int? BusyWhileAllSleep()
    {
        if (_workers.TurnsIfAsleep() is not { } turns) return null;
        var busy = Busy();
        return _workers.TurnsIfAsleep() == turns && ThreadPool.PendingWorkItemCount == 0 ? busy : null;
    }

    private static int Busy()
    {
        ThreadPool.GetMaxThreads(out var most, out _);
        ThreadPool.GetAvailableThreads(out var available, out _);
        return most - available;
    }
}
