namespace BreakGlass.Core.Sessions;

/// <summary>What a gateway posts to the operator, and where: the contract between the two processes.</summary>
public static class GatewayReports
{
    /// <summary>Requests and activity, as an EventList of audit.k8s.io/v1. An empty list says that the gateway is there.</summary>
    public const string RequestsPath = "/gateway/requests";

    /// <summary>
    /// A part of the recording of a stream. The body is the part as it is stored; the query says what it is a part of
    /// (<see cref="Journal.RecordingPart"/>).
    /// </summary>
    public const string StreamsPath = "/gateway/streams";

    /// <summary>The Service of the operator at which gateways report.</summary>
    public const string ServiceName = "breakglass-operator-gateway";

    /// <summary>The annotation of an event with the bytes that the client sent.</summary>
    public const string BytesIn = "gateway.breakglass.dev/bytes-in";

    /// <summary>The annotation of an event with the bytes that the client received.</summary>
    public const string BytesOut = "gateway.breakglass.dev/bytes-out";

    /// <summary>The annotation of an event that only says that the grant was used: bytes went over an open stream, or a request goes on.</summary>
    public const string Activity = "gateway.breakglass.dev/activity";

    /// <summary>The annotation of the end of a stream whose beginning the gateway has reported before.</summary>
    public const string Begun = "gateway.breakglass.dev/begun";

    /// <summary>The parameter of a post with the time up to which the gateway has reported everything, that post included (RFC 3339).</summary>
    public const string Until = "until";
}
