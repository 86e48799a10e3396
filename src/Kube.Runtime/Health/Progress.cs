namespace Kube.Runtime;

/// <summary>
/// When something that must keep going was last seen to go: on the monotonic clock, so that neither a corrected clock nor
/// a suspended machine makes it look stuck. Thread-safe.
/// </summary>
internal sealed class Progress(TimeProvider time)
{
    private long _timestamp = time.GetTimestamp();

    /// <summary>How long ago it was.</summary>
    public TimeSpan Age => time.GetElapsedTime(Volatile.Read(ref _timestamp));

    public void Made() => Volatile.Write(ref _timestamp, time.GetTimestamp());
}
