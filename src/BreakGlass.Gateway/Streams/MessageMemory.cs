namespace BreakGlass.Gateway.Streams;

/// <summary>The memory for WebSocket messages that are larger than a buffer and not complete yet, of all streams together.</summary>
/// <param name="most">How many bytes there are.</param>
internal sealed class MessageMemory(long most)
{
    private long _taken;

    /// <summary>Takes bytes; false if there are not as many.</summary>
    public bool TryTake(int bytes)
    {
        // Nothing is taken that is not kept: a smaller message could find no room meanwhile.
        for (var taken = Interlocked.Read(ref _taken); taken + bytes <= most;)
        {
            var found = Interlocked.CompareExchange(ref _taken, taken + bytes, taken);
            if (found == taken) return true;
            taken = found;
        }

        return false;
    }

    /// <summary>Gives bytes back.</summary>
    public void Give(int bytes) => Interlocked.Add(ref _taken, -bytes);
}
