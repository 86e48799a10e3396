namespace Kube.Runtime;

/// <summary>Sends an event until the API server has taken or rejected it, or drops it after a number of tries.</summary>
internal sealed partial class EventDelivery(TimeProvider time, Func<double> random, ILogger logger)
{
    /// <summary>Why events are dropped, as the metric says.</summary>
    internal static readonly string[] DropReasons = ["full", "rejected", "unreachable"];

    // As long as in client-go, which tries 12 times, 10 s apart (tools/events: maxTriesPerEvent, defaultSleepDuration); sooner at first. Every note of a
    // share waits for the one before it, in memory alone, and is lost if the process dies: the shorter the wait after an outage, the fewer are lost.
    private const int MaxTries = 15;
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    /// <summary>Sends an event.</summary>
    /// <param name="e">The event, for what is reported if it is dropped.</param>
    /// <param name="send">One try.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Whether the event is there.</returns>
    public async Task<bool> SendAsync(Eventsv1Event e, Func<CancellationToken, Task> send, CancellationToken cancellationToken)
    {
        var error = "";
        for (var tries = 1; tries <= MaxTries; tries++)
        {
            if (tries > 1) await Task.Delay(PauseBefore(tries) * (0.75 + (0.5 * random())), time, cancellationToken);
            try
            {
                await send(cancellationToken);
                return true;
            }
            catch (KubeApiException x) when (x.IsAlreadyExists)
            {
                return true; // written by a try whose answer was lost
            }
            catch (KubeApiException x) when (x.IsUnauthorized)
            {
                error = x.Message; // an API server that has just started does not know the token yet
            }
            catch (KubeApiException x) when (!x.IsTooManyRequests && !x.IsServerError)
            {
                return Drop(e, "rejected", x.Message);
            }
            catch (Exception x) when (x.IsNoBug && !cancellationToken.IsCancellationRequested)
            {
                error = x.Message;
            }
            catch (Exception x) when (!cancellationToken.IsCancellationRequested)
            {
                return Drop(e, "rejected", x.ToString());
            }
        }

        return Drop(e, "unreachable", error);
    }

    private static TimeSpan PauseBefore(int tries)
    {
        var doubled = FirstPause * (1 << Math.Min(tries - 2, 4));
        return doubled < LongestPause ? doubled : LongestPause;
    }

    private bool Drop(Eventsv1Event e, string reason, string error)
    {
        RuntimeMetrics.EventsDropped.Add(1, new KeyValuePair<string, object?>("reason", reason));
        LogDropped(e.Reason, e.Regarding?.Kind, e.Regarding?.Name, error);
        return false;
    }

    [LoggerMessage(LogLevel.Warning, "The Kubernetes event {Reason} on {Kind} {Name} was not written: {Error}")]
    private partial void LogDropped(string? reason, string? kind, string? name, string error);
}
