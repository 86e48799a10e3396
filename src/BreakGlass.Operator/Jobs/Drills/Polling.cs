using BreakGlass.Core.Drills;

namespace BreakGlass.Operator.Jobs.Drills;

/// <summary>Tries until there is an answer, often at first. What fails on the way is tried again, like a person would.</summary>
/// <param name="time">Clock.</param>
internal sealed class Polling(TimeProvider time)
{
    /// <summary>As long as it tries often.</summary>
    public static readonly TimeSpan QuickFor = TimeSpan.FromSeconds(10);

    /// <summary>The limit of most waits.</summary>
    public static readonly TimeSpan Usual = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);

    /// <summary>Whether the API server or the network failed.</summary>
    public static bool IsOutage(Exception e) => e is KubeApiException or KubeConnectionException or KubeConfigException;

    /// <summary>Tries until there is an answer, or the time is over.</summary>
    /// <param name="attempt">Gives the answer; null for none yet.</param>
    /// <param name="limit">How long to try.</param>
    /// <param name="late">The answer if the time is over.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<DrillAnswer> UntilAsync(
        Func<Task<DrillAnswer?>> attempt, TimeSpan limit, Func<DrillAnswer> late, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        string? outage = null;
        while (true)
        {
            try
            {
                outage = null;
                if (await attempt() is { } answer) return answer;
            }
            catch (Exception e) when (IsOutage(e))
            {
                outage = e.Message;
            }

            var waited = time.GetElapsedTime(started);
            if (waited >= limit) return outage is null ? late() : DrillAnswer.Failed(DrillReasons.ServerError, outage);
            await Task.Delay(waited < QuickFor ? Quick : Slow, time, cancellationToken);
        }
    }
}
