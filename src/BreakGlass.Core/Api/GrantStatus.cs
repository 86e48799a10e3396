using System.Text.Json.Serialization;
using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>What was decided about a grant, given by it and ended.</summary>
public sealed record GrantStatus
{
    /// <summary>The generation of the grant that this status describes.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>The phase of the grant.</summary>
    public GrantPhase? Phase { get; init; }

    /// <summary>
    /// Authorized, Approved, Active, Revoked (verified against the API server), Reviewed, Observed (audit events arrive), LeftBehind (objects of the grant
    /// still exist), Journaled (its changes of phase are in the journal).
    /// </summary>
    [ListMap("type")]
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];

    /// <summary>When the operator recorded the decision to give access. Access works shortly after.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? ActivatedAt { get; init; }

    /// <summary>When access ends: activatedAt plus the duration. The operator records it before it creates the first object.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When access ended.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Why access ended.</summary>
    public EndReason? EndReason { get; init; }

    /// <summary>The UID of the policy that allowed the grant.</summary>
    public string? PolicyUid { get; init; }

    /// <summary>How the requester gets access, as decided.</summary>
    public CredentialKind? Credential { get; init; }

    /// <summary>How the holder reaches the API server, as decided; absent for the direct path.</summary>
    public SessionPath? Path { get; init; }

    /// <summary>What the gateway records, as decided. Set if the path is Gateway.</summary>
    public RecordingTerms? Recording { get; init; }

    /// <summary>How the holder reaches the gateway, and the certificate that it accepts from this grant. Set if the path is Gateway.</summary>
    public GatewayAccess? Gateway { get; init; }

    /// <summary>The policy's access entries at the time of the decision. Later additions to the policy do not widen the grant.</summary>
    [ListMap("name")]
    public IReadOnlyList<AccessEntry> Access { get; init => field = value ?? []; } = [];

    /// <summary>The operator's signature of the recorded access. If it is not valid, the operator ends the grant.</summary>
    [Length(maxLength: 256)]
    public string? RecordSeal { get; init; }

    /// <summary>The bindings that give access.</summary>
    public IReadOnlyList<BindingRecord> Bindings { get; init => field = value ?? []; } = [];

    /// <summary>The ServiceAccount of the grant, as namespace/name.</summary>
    public string? ServiceAccount { get; init; }

    /// <summary>
    /// The Secret with the kubeconfig, and the token or the client certificate and its key, as namespace/name. The requester is allowed to read it.
    /// </summary>
    public string? CredentialSecret { get; init; }

    /// <summary>The kubeconfig with the token, encrypted with spec.recipientKey (JWE, RFC 7516, compact).</summary>
    public string? CredentialJwe { get; init; }

    /// <summary>When the token expires at the API server, or the client certificate expires, even if the operator does not run.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? CredentialExpiresAt { get; init; }

    /// <summary>The approvers' decisions that count.</summary>
    public IReadOnlyList<ApprovalRecord> Approvals { get; init => field = value ?? []; } = [];

    /// <summary>Every change of phase: who caused it, when and why. Append-only.</summary>
    public IReadOnlyList<TransitionRecord> Transitions { get; init => field = value ?? []; } = [];

    /// <summary>What the grant's identity created, or tried to create, that can outlive the grant.</summary>
    public IReadOnlyList<string> Residue { get; init => field = value ?? []; } = [];

    /// <summary>What the grant was used for. The operator sets it if it receives audit events.</summary>
    public SessionSummary? Session { get; init; }

    /// <summary>What was unusual about the use of the grant. The operator reports each of them once.</summary>
    public IReadOnlyList<AnomalyKind> Anomalies { get; init => field = value ?? []; } = [];
}
