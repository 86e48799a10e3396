namespace BreakGlass.Operator.Time;

/// <summary>Work that goes on until it is cancelled.</summary>
internal static class Repeating
{
    /// <summary>Does the work once for each period. To be cancelled is its only end without an exception, and is not one itself.</summary>
    /// <param name="time">Clock.</param>
    /// <param name="period">The time between two starts; a work that takes longer is followed by the next one.</param>
    /// <param name="atOnce">Whether the first work comes before the first period.</param>
    /// <param name="work">The work.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task EveryAsync(
        this TimeProvider time, TimeSpan period, bool atOnce, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(period, time);
        try
        {
            if (atOnce) await work(cancellationToken);
            while (await timer.WaitForNextTickAsync(cancellationToken)) await work(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }
}
