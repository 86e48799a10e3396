namespace Kube.Runtime;

/// <summary>Work that goes on until it is cancelled.</summary>
public static class Repeating
{
    /// <summary>Does the work once for each period, until it is cancelled, which is not an error.</summary>
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
