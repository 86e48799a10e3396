namespace Simulation;

/// <summary>
/// Knows when nothing moves any more: no work item runs or waits on the thread pool, so whatever is left waits for the fake clock or for the
/// test. With it a simulation moves its time only when everybody has done what there was to do, and a run is the same every time.
/// </summary>
/// <remarks>
/// All code under test runs on the thread pool and waits only by timers of the fake clock. The test itself runs on a thread of its own
/// (<see cref="Run"/>). Threads of the pool that the test runner keeps busy for good are counted beforehand. Only for test assemblies that run
/// one test at a time.
/// </remarks>
internal sealed class Stillness
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan StuckRunner = TimeSpan.FromSeconds(10);

    /// <summary>What one look counts for at most: while the whole process gets no processor, nobody in it is stuck.</summary>
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(20);
    private const int Confirmations = 20;

    /// <summary>
    /// Of the whole run, since a busy machine can make it look too many for as long as one test begins, and then somebody at work passes for idle.
    /// </summary>
    private static int _others = int.MaxValue;

    private Stillness() => _others = Least(Math.Min(_others, Busy()), Busy);

    /// <summary>Runs a simulation on a thread of its own.</summary>
    public static async Task Run(Action<Stillness> simulation)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                simulation(new Stillness());
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
        var seen = -1L;
        var looked = started;
        var unchanged = TimeSpan.Zero;
        while (true)
        {
            var now = TimeProvider.System.GetTimestamp();
            var look = TimeProvider.System.GetElapsedTime(looked, now);
            looked = now;
            var completed = ThreadPool.CompletedWorkItemCount;
            if (ThreadPool.PendingWorkItemCount == 0)
            {
                var busy = Busy();
                if (busy < _others) _others = busy;
                if (busy <= _others && completed == seen && IsStill(completed) && StaysStill(completed)) return;

                // The test runner took another thread of the pool for good.
                if (completed != seen) unchanged = TimeSpan.Zero;
                else if (busy > _others && (unchanged += look < LongestLook ? look : LongestLook) > StuckRunner) _others = busy;
            }

            seen = completed;
            if (TimeProvider.System.GetElapsedTime(started) > Limit) throw new TimeoutException(
                $"Waited {Limit.TotalSeconds:0} s of real time for everything to come to rest, and it did not: something goes round in circles.");
            Thread.Yield();
        }
    }

    private static bool IsStill(long completed) => ThreadPool.PendingWorkItemCount == 0 && ThreadPool.CompletedWorkItemCount == completed;

    /// <summary>
    /// A worker that a busy machine keeps waiting looks like a thread that the test runner keeps. It gets the processor a few times before it is
    /// taken for one.
    /// </summary>
    private static bool StaysStill(long completed)
    {
        for (var i = 0; i < Confirmations; i++)
        {
            Thread.Yield();
            if (!IsStill(completed)) return false;
            if (Busy() is var busy && busy < _others)
            {
                _others = busy;
                return false;
            }
        }

        return true;
    }

    private static int Busy()
    {
        ThreadPool.GetMaxThreads(out var most, out _);
        ThreadPool.GetAvailableThreads(out var available, out _);
        return most - available;
    }

    private static int Least(int least, Func<int> sample)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromMilliseconds(20))
        {
            least = Math.Min(least, sample());
            Thread.Yield();
        }

        return least;
    }
}
