namespace Kube.Runtime;

/// <summary>
/// When something that must keep going was last seen to go: on the monotonic clock, so that neither a corrected clock nor
/// a suspended machine makes it look stuck. Thread-safe.
/// </summary>
internal sealed class Progress(TimeProvider time)
{
    private long _timestamp = time.GetTimestamp();
    private long _wallTicks = time.GetUtcNow().UtcTicks;

    /// <summary>The instant of the last progress on the wall clock, to show.</summary>
    public DateTimeOffset Last => new(Volatile.Read(ref _wallTicks), TimeSpan.Zero);

    /// <summary>How long ago it was.</summary>
    public TimeSpan Age => time.GetElapsedTime(Volatile.Read(ref _timestamp));

    public void Made()
    {
        Volatile.Write(ref _timestamp, time.GetTimestamp());
        Volatile.Write(ref _wallTicks, time.GetUtcNow().UtcTicks);
    }
}
