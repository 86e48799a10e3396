namespace BreakGlass.Gateway.Reporting;

/// <summary>
/// Whether what the gateway records reaches the operator: one question, by which sessions end whose policy says <c>onRecordingFailure: End</c>. Thread-safe.
/// </summary>
internal sealed class RecordingHealth(TimeProvider time)
{
    /// <summary>How long nothing may reach the operator, although something should.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private long _worked = time.GetTimestamp();
    private int _isLosing;

    /// <summary>Whether recording fails: nothing reached the operator for too long, or something was lost since then.</summary>
    public bool IsFailing => Volatile.Read(ref _isLosing) == 1 || time.GetElapsedTime(Interlocked.Read(ref _worked)) > Patience;

    /// <summary>Something reached the operator, or nothing has to.</summary>
    public void Works()
    {
        Interlocked.Exchange(ref _worked, time.GetTimestamp());
        Volatile.Write(ref _isLosing, 0);
    }

    /// <summary>Something was lost for want of room. It fails until something reaches the operator again.</summary>
    public void Loses() => Volatile.Write(ref _isLosing, 1);
}
