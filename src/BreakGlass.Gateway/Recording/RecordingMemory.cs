namespace BreakGlass.Gateway.Recording;

/// <summary>The memory for what is not stored yet.</summary>
/// <param name="most">How many bytes there are.</param>
/// <param name="whole">The memory that this is a share of; null for all of it.</param>
internal sealed class RecordingMemory(long most, RecordingMemory? whole = null)
{
    private long _taken;

    /// <summary>How many bytes are in use.</summary>
    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>Takes bytes; false if there are not as many.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= most && whole?.TryTake(bytes) is not false) return true;
        Interlocked.Add(ref _taken, -bytes);
        return false;
    }

    /// <summary>Gives bytes back.</summary>
    public void Give(long bytes)
    {
        Interlocked.Add(ref _taken, -bytes);
        whole?.Give(bytes);
    }
}
