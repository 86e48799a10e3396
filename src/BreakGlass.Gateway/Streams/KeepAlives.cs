namespace BreakGlass.Gateway.Streams;

/// <summary>
/// The pings of SPDY/3.1, which clients send on quiet streams every few seconds: they are not use of the stream. A sender writes each of them on its own, so
/// they come in pieces or messages that contain nothing else.
/// </summary>
internal static class KeepAlives
{
    private const int Length = 12;

    private static ReadOnlySpan<byte> Start => [0x80, 0x03, 0x00, 0x06, 0x00, 0x00, 0x00, 0x04];

    /// <summary>Whether a piece consists of pings.</summary>
    public static bool Is(ReadOnlySpan<byte> piece)
    {
        if (piece.Length == 0 || piece.Length % Length != 0) return false;
        for (var at = 0; at < piece.Length; at += Length)
        {
            if (!piece[at..].StartsWith(Start)) return false;
        }

        return true;
    }
}
