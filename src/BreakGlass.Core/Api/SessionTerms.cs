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

    /// <summary>What follows if a session is unusual. It has an effect if the operator receives audit events.</summary>
    [Default]
    public AnomalyHandling OnAnomaly { get; init; }

    /// <summary>From when on a session is unusual.</summary>
    [Default]
    public AnomalyLimits Anomalies { get; init => field = value ?? new(); } = new();
}
