using System.Text.Json.Serialization;
using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>One request for access, the access that it gives, and the record of both.</summary>
[KubernetesEntityShortNames("bgg")]
[CustomResource(Categories = [BreakGlassApi.Category], SelectableFields = [".spec.policy", ".status.phase"])]
[GenericAdditionalPrinterColumn(".spec.policy", "Policy")]
[GenericAdditionalPrinterColumn(".spec.requester.username", "Requester")]
[GenericAdditionalPrinterColumn(".status.phase", "Phase")]
[GenericAdditionalPrinterColumn(".status.expiresAt", "Expires", Description = "When access ends")]
[GenericAdditionalPrinterColumn(".spec.ticket", "Ticket", Priority = 1)]
[GenericAdditionalPrinterColumn(".status.endReason", "Reason", Priority = 1, Description = "Why access ended")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
[ValidationRule("size(self.metadata.name) <= 63", message: "metadata.name: " + Sentences.NameTooLong)]
[KubernetesEntity(Group = BreakGlassApi.Group, ApiVersion = BreakGlassApi.Version, Kind = nameof(BreakGlassGrant), PluralName = "breakglassgrants")]
public sealed record BreakGlassGrant : IKubernetesObject<V1ObjectMeta>, ISpec<GrantSpec>, IStatus<GrantStatus>
{
    /// <inheritdoc/>
    public string ApiVersion { get; set => field = value ?? BreakGlassApi.ApiVersion; } = BreakGlassApi.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; set => field = value ?? nameof(BreakGlassGrant); } = nameof(BreakGlassGrant);

    /// <inheritdoc/>
    public V1ObjectMeta Metadata { get; set => field = value ?? new() { Name = "" }; } = new() { Name = "" };

    /// <summary>The request. It is immutable, except that revoke can be set once.</summary>
    [Required]
    public GrantSpec Spec { get; set => field = value ?? new(); } = new();

    /// <summary>What was decided, given and ended.</summary>
    public GrantStatus Status { get; set => field = value ?? new(); } = new();
}

/// <summary>A request for access.</summary>
[ValidationRule("has(self.ticket) == has(oldSelf.ticket)", message: "spec.ticket: " + Sentences.GrantFixed)]
[ValidationRule("has(self.duration) == has(oldSelf.duration)", message: "spec.duration: " + Sentences.GrantFixed)]
[ValidationRule("has(self.startTime) == has(oldSelf.startTime)", message: "spec.startTime: " + Sentences.GrantFixed)]
[ValidationRule("has(self.access) == has(oldSelf.access)", message: "spec.access: " + Sentences.GrantFixed)]
[ValidationRule("has(self.namespaces) == has(oldSelf.namespaces)", message: "spec.namespaces: " + Sentences.GrantFixed)]
[ValidationRule("has(self.recipientKey) == has(oldSelf.recipientKey)", message: "spec.recipientKey: " + Sentences.GrantFixed)]
[ValidationRule("has(self.requireAll) == has(oldSelf.requireAll)", message: "spec.requireAll: " + Sentences.GrantFixed)]
[ValidationRule("has(self.requester) == has(oldSelf.requester)", message: "spec.requester: " + Sentences.GrantFixed)]
[ValidationRule("!has(oldSelf.revoke) || has(self.revoke)", message: "spec.revoke: " + Sentences.RevocationStays)]
public sealed record GrantSpec
{
    /// <summary>The name of the BreakGlassPolicy that decides on the request.</summary>
    [Required, Length(1, Bounds.LongestName), ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public string Policy { get; init => field = value ?? ""; } = "";

    /// <summary>Why you need access. Reviewers read it.</summary>
    [Required, Length(1, Bounds.LongestJustification), ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public string Justification { get; init => field = value ?? ""; } = "";

    /// <summary>The number of the incident or change.</summary>
    [Length(maxLength: 256), ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public string? Ticket { get; init; }

    /// <summary>How long you need access. Default: the policy's duration.default; at most its duration.max.</summary>
    [Pattern(GoDuration.Pattern), Length(maxLength: 32), ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public string? Duration { get; init; }

    /// <summary>When access starts, at most 30 days ahead. Mode TimeBoxed only. Default: now.</summary>
    [Nullable, ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    [JsonConverter(typeof(MillisConverter))]
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>The access entries of the policy that you need, by name. Default: all.</summary>
    [Items(maxItems: 16), ItemLength(63), ListSet, ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public IReadOnlyList<string> Access { get; init => field = value ?? []; } = [];

    /// <summary>The namespaces that you need, of those that the access entries reach. Default: all.</summary>
    [Items(maxItems: 256), ItemLength(63), ListSet, ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public IReadOnlyList<string> Namespaces { get; init => field = value ?? []; } = [];

    /// <summary>A public key (JWK: RSA or EC P-256). If set, status.credentialJwe contains the credential, encrypted with this key.</summary>
    [Nullable, ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public JsonWebKey? RecipientKey { get; init; }

    /// <summary>
    /// If true, access is given in all places of the grant or in none. Default: access opens where it can, and the condition Active has the reason Partial
    /// and names the other places, which the operator tries again until the grant ends.
    /// </summary>
    [ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public bool? RequireAll { get; init; }

    /// <summary>Set this to end access immediately. It cannot be unset.</summary>
    [Nullable, ValidationRule("self == oldSelf", message: "spec.revoke: " + Sentences.RevocationFixed)]
    public Revocation? Revoke { get; init; }

    /// <summary>Who requests access. Admission sets it from the authenticated caller.</summary>
    [ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public Caller? Requester { get; init; }
}

/// <summary>A person's request to end access now.</summary>
public sealed record Revocation
{
    /// <summary>Why access ends, for the record.</summary>
    [Length(maxLength: 1024)]
    public string? Reason { get; init; }

    /// <summary>Who ends access. Admission sets it from the authenticated caller.</summary>
    public Caller? By { get; init; }
}

/// <summary>The phase of a grant. Expired, Revoked, Denied and Failed are final.</summary>
public enum GrantPhase
{
    /// <summary>The operator processes the request, or creates access.</summary>
    Pending,

    /// <summary>The grant waits for approvers.</summary>
    AwaitingApproval,

    /// <summary>The grant is allowed and waits for its start time.</summary>
    Scheduled,

    /// <summary>The grant gives access.</summary>
    Active,

    /// <summary>Access ended because its time was over.</summary>
    Expired,

    /// <summary>Access ended before its time was over.</summary>
    Revoked,

    /// <summary>The policy or an approver did not allow the request. It never gave access.</summary>
    Denied,

    /// <summary>The operator could not create access, or could not keep it.</summary>
    Failed,
}

/// <summary>Why a grant ended.</summary>
public enum EndReason
{
    /// <summary>The grant's time was over.</summary>
    Expired,

    /// <summary>spec.revoke was set.</summary>
    RevokedByUser,

    /// <summary>The policy was suspended.</summary>
    PolicySuspended,

    /// <summary>The policy was deleted.</summary>
    PolicyDeleted,

    /// <summary>The policy no longer allows it.</summary>
    PolicyNarrowed,

    /// <summary>A lockdown covers the grant.</summary>
    Lockdown,

    /// <summary>The grant was not used.</summary>
    Idle,

    /// <summary>The grant was deleted.</summary>
    Deleted,

    /// <summary>The policy or an approver denied the request.</summary>
    Denied,

    /// <summary>No approver decided in time.</summary>
    ApprovalTimeout,

    /// <summary>The operator could not create access, or could not keep it.</summary>
    Failed,
}

/// <summary>What was decided about a grant, given by it and ended.</summary>
public sealed record GrantStatus
{
    /// <summary>The generation of the grant that this status describes.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>The phase of the grant.</summary>
    public GrantPhase? Phase { get; init; }

    /// <summary>Authorized, Approved, Active, Revoked (verified against the API server), Reviewed, LeftBehind (objects of the grant still exist).</summary>
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

    /// <summary>The Secret with the token and the kubeconfig, as namespace/name. The requester is allowed to read it.</summary>
    public string? CredentialSecret { get; init; }

    /// <summary>The kubeconfig with the token, encrypted with spec.recipientKey (JWE, RFC 7516, compact).</summary>
    public string? CredentialJwe { get; init; }

    /// <summary>When the token expires at the API server, even if the operator does not run.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? CredentialExpiresAt { get; init; }

    /// <summary>The approvers' decisions that count.</summary>
    public IReadOnlyList<ApprovalRecord> Approvals { get; init => field = value ?? []; } = [];

    /// <summary>Every change of phase: who caused it, when and why. Append-only.</summary>
    public IReadOnlyList<TransitionRecord> Transitions { get; init => field = value ?? []; } = [];

    /// <summary>What the grant's identity created, or tried to create, that can outlive the grant.</summary>
    public IReadOnlyList<string> Residue { get; init => field = value ?? []; } = [];

    /// <summary>What the grant was used for. Not set, because this version does not record sessions.</summary>
    public SessionSummary? Session { get; init; }
}

/// <summary>A binding that gives access.</summary>
public sealed record BindingRecord
{
    /// <summary>RoleBinding or ClusterRoleBinding.</summary>
    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary>The namespace of a RoleBinding. Empty for a ClusterRoleBinding.</summary>
    public string? Namespace { get; init; }

    /// <summary>The name of the binding.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The role, as kind/name.</summary>
    public string Role { get; init => field = value ?? ""; } = "";

    /// <summary>The UID of the binding. The operator uses it to recognize a binding whose labels were removed.</summary>
    public string? Uid { get; init; }

    /// <summary>The UID of the namespace at the time of the decision. A namespace that is created again gets no access.</summary>
    public string? NamespaceUid { get; init; }

    /// <summary>Why there is no access in this place. Empty if there is access.</summary>
    public string? Problem { get; init; }
}

/// <summary>One approver's decision.</summary>
public sealed record ApprovalRecord
{
    /// <summary>The approver's user name.</summary>
    public string Approver { get; init => field = value ?? ""; } = "";

    /// <summary>The approver's UID, if the authenticator has one.</summary>
    public string? Uid { get; init; }

    /// <summary>The claims of --person-claims that identify the approver, as key=value.</summary>
    public IReadOnlyList<string> Person { get; init => field = value ?? []; } = [];

    /// <summary>Approve or Deny.</summary>
    public string Decision { get; init => field = value ?? ""; } = "";

    /// <summary>The time.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset At { get; init; }
}

/// <summary>One change of phase.</summary>
public sealed record TransitionRecord
{
    /// <summary>The time.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset At { get; init; }

    /// <summary>The phase before. Empty in the first entry.</summary>
    public GrantPhase? From { get; init; }

    /// <summary>The phase after.</summary>
    public GrantPhase To { get; init; }

    /// <summary>Who caused the change: a user name, or breakglass-operator.</summary>
    public string Actor { get; init => field = value ?? ""; } = "";

    /// <summary>The reason, in CamelCase.</summary>
    public string Reason { get; init => field = value ?? ""; } = "";
}

/// <summary>What a grant was used for.</summary>
public sealed record SessionSummary
{
    /// <summary>The number of requests of the grant's identity.</summary>
    public long Requests { get; init; }

    /// <summary>The number of writes.</summary>
    public long Writes { get; init; }

    /// <summary>The number of refused requests.</summary>
    public long Denied { get; init; }

    /// <summary>The time of the last request.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? LastActivityAt { get; init; }
}
