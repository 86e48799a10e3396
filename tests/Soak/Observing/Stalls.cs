using System.Globalization;
using System.Text.Json.Nodes;
using Soak.Site;

namespace Soak.Observing;

/// <summary>
/// How far this machine itself was behind: the observer's own ticks that came late, and answers of the API server to an administrator that took long. So much,
/// and never more than <see cref="Most"/>, is taken off before access counts as too late: a machine without processor time cuts nothing either.
/// </summary>
internal sealed class Stalls
{
    /// <summary>The most that is ever taken off.</summary>
    public static readonly TimeSpan Most = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan s_lateTick = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_slowAnswer = TimeSpan.FromMilliseconds(250);
    private readonly Lock _gate = new();
    private readonly List<(DateTimeOffset At, TimeSpan Ticks, TimeSpan Answers)> _stalls = [];

    /// <summary>What is taken off of a lateness that was seen between two instants.</summary>
    public TimeSpan Between(DateTimeOffset from, DateTimeOffset to)
    {
        lock (_gate)
        {
            var (ticks, answers) = (TimeSpan.Zero, TimeSpan.Zero);
            foreach (var stall in _stalls.Where(s => s.At >= from && s.At <= to.AddSeconds(1)))
                (ticks, answers) = (ticks + stall.Ticks, answers + stall.Answers);
            var worse = ticks > answers ? ticks : answers;
            return worse < Most ? worse : Most;
        }
    }

    /// <summary>The sum of both over the run.</summary>
    public (TimeSpan Ticks, TimeSpan Answers) Total
    {
        get
        {
            lock (_gate) return (_stalls.Aggregate(TimeSpan.Zero, (sum, s) => sum + s.Ticks), _stalls.Aggregate(TimeSpan.Zero, (sum, s) => sum + s.Answers));
        }
    }

    public Task RunAsync(Api admin, Func<bool> serverIsFrozen, CancellationToken cancellationToken) =>
        Task.WhenAll(TickAsync(cancellationToken), AskAsync(admin, serverIsFrozen, cancellationToken));

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var started = TimeProvider.System.GetTimestamp();
            await Clock.PauseAsync(0.1, cancellationToken);
            var late = TimeProvider.System.GetElapsedTime(started) - TimeSpan.FromSeconds(0.1);
            if (late > s_lateTick) Add(late, TimeSpan.Zero);
        }
    }

    // A write, as what ends access is: reads come from the API server's memory, and are quick while it has no processor time for writes.
    private async Task AskAsync(Api admin, Func<bool> serverIsFrozen, CancellationToken cancellationToken)
    {
        const string Maps = "/api/v1/namespaces/default/configmaps";
        await admin.PostAsync(Maps, new JsonObject { ["metadata"] = new JsonObject { ["name"] = "pulse" } }, cancellationToken);
        for (var beat = 0; ; beat++)
        {
            await Clock.PauseAsync(0.5, cancellationToken);
            var patch = new JsonObject { ["data"] = new JsonObject { ["beat"] = beat.ToString(CultureInfo.InvariantCulture) } }.ToJsonString();
            var (started, frozen) = (TimeProvider.System.GetTimestamp(), serverIsFrozen());
            await admin.PatchAsync($"{Maps}/pulse", patch, cancellationToken);
            var took = TimeProvider.System.GetElapsedTime(started);

            // A server that was stopped on purpose is in the table of allowances already.
            if (took > s_slowAnswer && !frozen && !serverIsFrozen()) Add(TimeSpan.Zero, took - s_slowAnswer);
        }
    }

    /// <summary>Notes a delay that was just seen.</summary>
    public void Add(TimeSpan ticks, TimeSpan answers)
    {
        lock (_gate) _stalls.Add((Clock.Now, ticks, answers));
    }
}
