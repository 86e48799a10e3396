namespace BreakGlass.Core.Api;

/// <summary>What the gateway records of a session.</summary>
public enum RecordingMode
{
    /// <summary>Nothing. What the API server's audit events say is recorded as on the direct path.</summary>
    None,

    /// <summary>Each request: who sent it, what it was about, how it was answered. Never a body.</summary>
    Requests,

    /// <summary>Each request, and the output of each exec and attach, which can be replayed.</summary>
    Streams,
}
