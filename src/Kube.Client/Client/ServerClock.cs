namespace Kube.Client;

/// <summary>
/// What the API server's clock says, from the <c>Date</c> header of its answers (RFC 9110, 6.6.1; whole seconds). It only collects; what to
/// believe is for its listeners, because a single answer may be wrong by any amount.
/// </summary>
/// <remarks>
/// The server cut the fraction, so the header stands for the middle of that second; it wrote it somewhere between our sending
/// and our receiving, so it is held against the middle of the two. The error is at most half a second plus half the round trip.
/// </remarks>
public sealed class ServerClock
{
    private static readonly TimeSpan HalfASecond = TimeSpan.FromMilliseconds(500);

    /// <summary>A slower answer says too little about when it was written.</summary>
    private static readonly TimeSpan SlowestUseful = TimeSpan.FromSeconds(5);

    private object? _last;

    /// <summary>Called after each sample, on the thread of the request: be quick. Add to it, rather than replace it.</summary>
    public Action<ServerSample>? Observed { get; set; }

    /// <summary>Local clock minus the server's, by the last sample; positive: ours is ahead. Null before the first answer.</summary>
    public TimeSpan? Skew => Volatile.Read(ref _last) as TimeSpan?;

    internal void Observe(DateTimeOffset? date, (DateTimeOffset Wall, long Timestamp) sent, (DateTimeOffset Wall, long Timestamp) received, object connection)
    {
        if (date is not { } server) return;
        var roundTrip = received.Wall - sent.Wall;
        // Below zero, or absurdly long: the local clock was set meanwhile, and the middle means nothing.
        if (roundTrip < TimeSpan.Zero || roundTrip > SlowestUseful) return;
        var skew = sent.Wall + (roundTrip / 2) - (server + HalfASecond);
        Volatile.Write(ref _last, skew);
        Observed?.Invoke(new(server, sent.Timestamp, received.Timestamp, skew, connection));
    }
}
