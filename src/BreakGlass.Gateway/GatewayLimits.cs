namespace BreakGlass.Gateway;

/// <summary>What one grant, and everybody without one, can use at most.</summary>
public sealed record GatewayLimits
{
    /// <summary>Open requests and streams of one grant; also its connections.</summary>
    public int RequestsPerGrant { get; init; } = 500;

    /// <summary>
    /// Connections on which no good certificate was shown yet. With one more, the oldest of the address that has most of them is closed.
    /// </summary>
    public int ConnectionsWithoutGrant { get; init; } = 500;

    /// <summary>All connections.</summary>
    public int Connections { get; init; } = 10_000;

    /// <summary>How long a client may take for the TLS handshake, and for the headers of a request.</summary>
    public TimeSpan Headers { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may be unused.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// How long a client may take to read why it is cut, in real time. Then its connection is broken off. Nothing of it reaches the API server meanwhile.
    /// </summary>
    public TimeSpan LastWords { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The size of all headers of a request, in bytes. A larger request gets 431.</summary>
    public int HeaderBytes { get; init; } = 64 * 1024;

    /// <summary>The size of a WebSocket message, in bytes.</summary>
    public int MessageBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>The memory for large WebSocket messages that are not complete yet, of all streams together, in bytes.</summary>
    public int AllMessageBytes { get; init; } = 32 * 1024 * 1024;
}
