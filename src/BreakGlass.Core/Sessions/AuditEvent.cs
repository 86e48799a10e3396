namespace BreakGlass.Core.Sessions;

/// <summary>
/// One event of the API server's audit log (audit.k8s.io/v1), as far as a session needs it
/// (https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/).
/// </summary>
public sealed record AuditEvent
{
    /// <summary>The ID of the request. All stages of one request have the same.</summary>
    public required string AuditId { get; init; }

    /// <summary>RequestReceived, ResponseStarted, ResponseComplete or Panic.</summary>
    public required string Stage { get; init; }

    /// <summary>When the request reached this stage, by the clock of its API server.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>When the API server received the request.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>Whether the clock of the API server was ahead, so that the times are only the latest that are possible.</summary>
    public bool IsEstimated { get; private init; }

    /// <summary>The verb, for example get, list, create.</summary>
    public required string Verb { get; init; }

    /// <summary>The authenticated user.</summary>
    public required string Username { get; init; }

    /// <summary>The ID of the credential that the request was sent with, for example <c>JTI=…</c>; empty if the event does not say.</summary>
    public string CredentialId { get; init; } = "";

    /// <summary>The ID of the token that the request created; empty if it created none, or the event does not say.</summary>
    public string IssuedCredentialId { get; init; } = "";

    /// <summary>The user that was impersonated; null if none.</summary>
    public string? ImpersonatedUser { get; init; }

    /// <summary>The URI of the request with its query: exec's command is in it.</summary>
    public string RequestUri { get; init; } = "";

    /// <summary>The API group; empty for the core group.</summary>
    public string ApiGroup { get; init; } = "";

    /// <summary>The resource; empty for a request that is about no resource.</summary>
    public string Resource { get; init; } = "";

    /// <summary>The subresource; empty if none.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>The namespace; empty for cluster-wide requests.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>The name of the object; empty if none.</summary>
    public string Name { get; init; } = "";

    /// <summary>The UID of the object, if the event has one.</summary>
    public string? ObjectUid { get; init; }

    /// <summary>The HTTP status code; null before there is an answer.</summary>
    public int? Code { get; init; }

    /// <summary>The addresses that the request came from. The last is the peer of the connection; those before it are what the client says.</summary>
    public IReadOnlyList<string> SourceIps { get; init; } = [];

    /// <summary>The client's program, as it says.</summary>
    public string UserAgent { get; init; } = "";

    /// <summary>
    /// Why the request was allowed or refused, as the authorizer says, for example
    /// <c>RBAC: allowed by RoleBinding "breakglass-inc-1-…/payments" of ClusterRole "edit" to ServiceAccount "…"</c>; empty if the event does not say.
    /// </summary>
    public string Reason { get; init; } = "";

    /// <summary>Whether the gateway reported it, and not an API server.</summary>
    public bool IsReport { get; init; }

    /// <summary>Whether it only says that the grant was used (<see cref="GatewayReports.Activity"/>).</summary>
    public bool IsActivity { get; init; }

    /// <summary>Whether it is the end of a stream whose beginning was reported before (<see cref="GatewayReports.Begun"/>).</summary>
    public bool HasBegun { get; init; }

    /// <summary>The bytes that the client sent; null if the event does not say.</summary>
    public long? BytesIn { get; init; }

    /// <summary>The bytes that the client received; null if the event does not say.</summary>
    public long? BytesOut { get; init; }

    /// <summary>
    /// The event of a request that came through the gateway, as the gateway's client sent it: the gateway is the peer of the connection, and it names its
    /// client before itself.
    /// </summary>
    public AuditEvent BeforeGateway() => SourceIps.Count > 1 ? this with { SourceIps = [.. SourceIps.SkipLast(1)] } : this;

    /// <summary>
    /// The event as it can have been: nothing has happened after it arrived. An API server whose clock is ahead must not make a grant look used for longer
    /// than it was, nor a request look like one after the grant's end.
    /// </summary>
    /// <param name="now">When it arrived.</param>
    public AuditEvent ArrivedAt(DateTimeOffset now)
    {
        if (At <= now && ReceivedAt <= now) return this;
        var ahead = At > now ? At - now : TimeSpan.Zero;
        var received = ReceivedAt - DateTimeOffset.MinValue > ahead ? ReceivedAt - ahead : DateTimeOffset.MinValue;
        return this with
        {
            At = At > now ? now : At,
            ReceivedAt = received > now ? now : received,
            IsEstimated = At > now + AfterEnd.Margin || ReceivedAt > now + AfterEnd.Margin,
        };
    }
}
