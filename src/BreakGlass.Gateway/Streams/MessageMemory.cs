namespace BreakGlass.Gateway.Streams;

/// <summary>The memory for WebSocket messages that are larger than a buffer and not complete yet, of all streams together.</summary>
/// <param name="most">How many bytes there are.</param>
internal sealed class MessageMemory(long most)
{
    private long _taken;

    /// <summary>Takes bytes; false if there are not as many.</summary>
    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= most) return true;
        Give(bytes);
        return false;
    }

    /// <summary>Gives bytes back.</summary>
    public void Give(int bytes) => Interlocked.Add(ref _taken, -bytes);
}
