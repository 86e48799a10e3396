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
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(1);

    private readonly WorkerThreads _workers;

    /// <summary>How many workers the pool counts as busy although all sleep: the test runner keeps some for good.</summary>
    private int _busyAtRest;

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
        var (lookedAt, completed) = (started, -1L);
        while (true)
        {
            var before = completed;
            completed = ThreadPool.CompletedWorkItemCount;

            // The pool's own numbers only say when a look, which takes longer, is worth it.
            if (completed == before && ThreadPool.PendingWorkItemCount == 0
                && (Busy() <= _busyAtRest || TimeProvider.System.GetElapsedTime(lookedAt) > LookAgain))
            {
                if (IsStill())
                {
                    _busyAtRest = Busy();
                    return;
                }

                lookedAt = TimeProvider.System.GetTimestamp();
            }

            if (TimeProvider.System.GetElapsedTime(started) > Limit) throw new TimeoutException(
                $"Waited {Limit.TotalSeconds:0} s of real time for everything to come to rest, and it did not: something goes round in circles.");
            Thread.Yield();
        }
    }

    /// <summary>Nothing waits for a worker, all workers sleep, and they slept the whole time between two looks.</summary>
    private bool IsStill() =>
        _workers.TurnsIfAsleep() is { } turns && _workers.TurnsIfAsleep() == turns && ThreadPool.PendingWorkItemCount == 0;

    private static int Busy()
    {
        ThreadPool.GetMaxThreads(out var most, out _);
        ThreadPool.GetAvailableThreads(out var available, out _);
        return most - available;
    }
}
