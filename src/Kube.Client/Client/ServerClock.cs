namespace Kube.Client;

/// <summary>
/// What the API server's clock says, from the <c>Date</c> header of its answers (RFC 9110, 6.6.1; whole seconds).
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

    private Sample? _last;

    /// <summary>Called after each sample with the skew, on the thread of the request: be quick. Add to it, rather than replace it.</summary>
    public Action<TimeSpan>? Observed { get; set; }

    /// <summary>The last time the server stated, in whole seconds; null before the first answer.</summary>
    public DateTimeOffset? LastServerTime => Volatile.Read(ref _last)?.Server;

    /// <summary>Local clock minus the server's, by the last sample; positive: ours is ahead. Null before the first answer.</summary>
    public TimeSpan? Skew => Volatile.Read(ref _last)?.Skew;

    internal void Observe(DateTimeOffset? date, DateTimeOffset sent, DateTimeOffset received)
    {
        if (date is not { } server) return;
        var roundTrip = received - sent;
        // Below zero, or absurdly long: the local clock was set meanwhile, and the middle means nothing.
        if (roundTrip < TimeSpan.Zero || roundTrip > SlowestUseful) return;
        var skew = sent + (roundTrip / 2) - (server + HalfASecond);
        Volatile.Write(ref _last, new Sample(server, skew));
        Observed?.Invoke(skew);
    }

    private sealed record Sample(DateTimeOffset Server, TimeSpan Skew);
}
