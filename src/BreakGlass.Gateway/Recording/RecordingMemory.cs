namespace BreakGlass.Gateway.Recording;

/// <summary>The memory for what is not stored yet.</summary>
internal sealed class RecordingMemory
{
    // One for the whole and its shares: bytes are taken from both or from none, and what is refused is not missing in between to others.
    private readonly Lock _lock;
    private readonly long _most;
    private readonly RecordingMemory? _whole;
    private long _taken;

    /// <param name="most">How many bytes there are.</param>
    /// <param name="whole">The memory that this is a share of; null for all of it.</param>
    public RecordingMemory(long most, RecordingMemory? whole = null)
    {
        (_most, _whole) = (most, whole);
        _lock = whole is null ? new Lock() : whole._lock;
    }

    /// <summary>How many bytes are in use.</summary>
    public long Taken
    {
        get { lock (_lock) return _taken; }
    }

    /// <summary>Takes bytes; false if there are not as many.</summary>
    public bool TryTake(long bytes)
    {
        lock (_lock)
        {
            for (var part = this; part is not null; part = part._whole)
            {
                if (part._taken + bytes > part._most) return false;
            }

            Add(bytes);
            return true;
        }
    }

    /// <summary>Gives bytes back.</summary>
    public void Give(long bytes)
    {
        lock (_lock) Add(-bytes);
    }

    private void Add(long bytes)
    {
        for (var part = this; part is not null; part = part._whole) part._taken += bytes;
    }
}
