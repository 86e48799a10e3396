using FsCheck.Fluent;
using TestKit;
using Xunit;

namespace Kube.Runtime.Tests.Queues;

/// <summary>Random operations against the few sentences that a work queue promises.</summary>
public class WorkQueueProperties
{
    private enum Kind
    {
        Add,
        AddAfter,
        AddRateLimited,
        Get,
        Done,
        Advance,
        SetClockBack,
    }

    [Fact]
    public void No_key_runs_twice_at_once_and_no_add_is_lost()
    {
        var step = from kind in Gen.Elements(Enum.GetValues<Kind>())
                   from key in Gen.Choose(0, 4)
                   from lane in Gen.Elements(Enum.GetValues<Lane>())
                   from seconds in Gen.Choose(0, 30)
                   select (kind, key, lane, seconds);

        Steps.Check(step, 500, Run);
    }

    private static bool Run(IEnumerable<(Kind Kind, int Key, Lane Lane, int Seconds)> steps)
    {
        var clock = new FakeClock();
        var queue = new WorkQueue<int>("property", clock);
        var running = new HashSet<int>();

        // Keys that were asked for and have not begun to run since.
        var owed = new HashSet<int>();
        foreach (var (kind, key, lane, seconds) in steps)
        {
            switch (kind)
            {
                case Kind.Add:
                    queue.Add(key, lane);
                    owed.Add(key);
                    break;
                case Kind.AddAfter:
                    queue.AddAfter(key, TimeSpan.FromSeconds(seconds), lane);
                    owed.Add(key);
                    break;
                case Kind.AddRateLimited:
                    queue.AddRateLimited(key, lane, TimeSpan.FromSeconds(20));
                    owed.Add(key);
                    break;
                case Kind.Get when queue.Depth > 0:
                    if (!Get()) return false;
                    break;
                case Kind.Done when running.Count > 0:
                    queue.Done(running.First());
                    running.Remove(running.First());
                    break;
                case Kind.Advance:
                    clock.Advance(TimeSpan.FromSeconds(seconds));
                    break;
                case Kind.SetClockBack:
                    clock.JumpWallClock(TimeSpan.FromMinutes(-seconds));
                    break;
            }
        }

        // Whatever was asked for runs in the end, and no later than its delay, whatever the wall clock did.
        foreach (var key in running) queue.Done(key);
        running.Clear();
        clock.Advance(TimeSpan.FromSeconds(30));
        while (queue.Depth > 0)
        {
            if (!Get()) return false;
            queue.Done(running.First());
            running.Clear();
        }

        return owed.Count == 0 && queue.Waiting == 0 && clock.ArmedTimers.Count == 0;

        bool Get()
        {
            var taken = queue.GetAsync(Lane.Background, default);
            if (!taken.IsCompletedSuccessfully || taken.GetAwaiter().GetResult() is not { } item) return false;
            owed.Remove(item.Key);
            return running.Add(item.Key);
        }
    }
}
