using Microsoft.AspNetCore.Server.Kestrel.Core;

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
    /// How long a client may take to read why it is cut, in real time. Then its connection is broken off. Long enough that what a stalled gateway
    /// writes late is still read; it costs nothing, because nothing of the session passes meanwhile, in either direction.
    /// </summary>
    public TimeSpan LastWords { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a whole answer of a few hundred bytes may take, in real time: nothing of the request goes on meanwhile.</summary>
    public TimeSpan Answer { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a client that still sends a body may take to read that it is cut, in real time.</summary>
    public TimeSpan AnswerToSender { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>After a cut, what a connection has not finished by then is broken off. Real time.</summary>
    public TimeSpan BreakOff { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How slow a client may send the body of a request. Null for no limit.</summary>
    public MinDataRate? BodyRate { get; init; } = new(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));

    /// <summary>How long a connection to the operator may take to open, in real time.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the ends of recordings may take to be stored when the process stops, in real time.</summary>
    public TimeSpan Storing { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The size of all headers of a request, in bytes. A larger request gets 431.</summary>
    public int HeaderBytes { get; init; } = 64 * 1024;

    /// <summary>The size of a WebSocket message, in bytes.</summary>
    public int MessageBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>The memory for large WebSocket messages that are not complete yet, of all streams together, in bytes.</summary>
    public int AllMessageBytes { get; init; } = 32 * 1024 * 1024;
}
