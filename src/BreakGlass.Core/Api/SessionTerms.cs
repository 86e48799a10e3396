using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>How a grant reaches the API server, and what follows from what is done with it.</summary>
public sealed record SessionTerms
{
    /// <summary>
    /// How the holder of a grant reaches the API server: with a token at the API server itself, or with a client certificate at the gateway, which closes
    /// everything that the grant opened when it ends. Gateway requires credential ServiceAccountToken and an operator with a gateway. The path of a grant is
    /// decided when access is given; a later change does not change it.
    /// </summary>
    [Default]
    public SessionPath Path { get; init; }

    /// <summary>
    /// What the gateway records of a session: nothing, each request, or each request and the output of each exec and attach. Streams requires an operator with
    /// a journal, and clients that stream over WebSocket (kubectl 1.31 and later, API server 1.30 and later). It has an effect if the path is Gateway, and is
    /// decided when access is given.
    /// </summary>
    [Default]
    public RecordingMode Record { get; init; } = RecordingMode.Requests;

    /// <summary>
    /// Whether what people type into an exec or attach is recorded, too, if record is Streams. It can contain passwords that are never displayed.
    /// </summary>
    [Default]
    public bool RecordInput { get; init; }

    /// <summary>
    /// What follows if the gateway cannot record: the session goes on and what is missing is reported, or the gateway closes it until recording works again.
    /// </summary>
    [Default]
    public RecordingFailureHandling OnRecordingFailure { get; init; }

    /// <summary>What follows if a session is unusual. It has an effect if the operator receives audit events, or the gateway records requests.</summary>
    [Default]
    public AnomalyHandling OnAnomaly { get; init; }

    /// <summary>From when on a session is unusual.</summary>
    [Default]
    public AnomalyLimits Anomalies { get; init => field = value ?? new(); } = new();
}
