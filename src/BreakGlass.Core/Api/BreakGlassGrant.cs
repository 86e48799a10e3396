using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Kube.Model;
using Kube.Model.Schema;

namespace BreakGlass.Core.Api;

/// <summary>One request for access in an incident, and the record of what became of it.</summary>
[CustomResource(ShortNames = ["bgg"], Categories = [BreakGlassApi.Category], SelectableFields = [".spec.policy", ".status.phase"])]
[PrinterColumn("Policy", ".spec.policy")]
[PrinterColumn("Requester", ".spec.requester.username")]
[PrinterColumn("Phase", ".status.phase")]
[PrinterColumn("Expires", ".status.expiresAt", Description = "When access ends")]
[PrinterColumn("Ticket", ".spec.ticket", Priority = 1)]
[PrinterColumn("Reason", ".status.endReason", Priority = 1, Description = "Why access ended")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
[Rule("size(self.metadata.name) <= 63", "metadata.name: at most 63 characters, since the name becomes a label value")]
public sealed record BreakGlassGrant : IKubeResource<BreakGlassGrant>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? BreakGlassApi.ApiVersion; } = BreakGlassApi.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? nameof(BreakGlassGrant); } = nameof(BreakGlassGrant);

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>What is asked for. Cannot be changed after creation; only revoke can be set, once.</summary>
    [Required]
    public GrantSpec Spec { get; init => field = value ?? new(); } = new();

    /// <summary>What became of it.</summary>
    public GrantStatus Status { get; init => field = value ?? new(); } = new();

    /// <inheritdoc/>
    public static ResourceType Resource { get; } = BreakGlassApi.Resource(nameof(BreakGlassGrant));

    /// <inheritdoc/>
    public static JsonTypeInfo<BreakGlassGrant> Json { get; } = BreakGlassApi.Json<BreakGlassGrant>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<BreakGlassGrant>> ListJson { get; } = BreakGlassApi.Json<KubeList<BreakGlassGrant>>();

    /// <inheritdoc/>
    public BreakGlassGrant WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>What is asked for.</summary>
[Rule("has(self.ticket) == has(oldSelf.ticket)", "spec.ticket: " + Immutable)]
[Rule("has(self.duration) == has(oldSelf.duration)", "spec.duration: " + Immutable)]
[Rule("has(self.startTime) == has(oldSelf.startTime)", "spec.startTime: " + Immutable)]
[Rule("has(self.access) == has(oldSelf.access)", "spec.access: " + Immutable)]
[Rule("has(self.namespaces) == has(oldSelf.namespaces)", "spec.namespaces: " + Immutable)]
[Rule("has(self.recipientKey) == has(oldSelf.recipientKey)", "spec.recipientKey: " + Immutable)]
[Rule("(has(self.requireAll) && self.requireAll) == (has(oldSelf.requireAll) && oldSelf.requireAll)", "spec.requireAll: " + Immutable)]
[Rule("has(self.requester) == has(oldSelf.requester)", "spec.requester: " + Immutable)]
[Rule("!has(oldSelf.revoke) || has(self.revoke)", "spec.revoke: a revocation cannot be taken back; create a new grant instead")]
public sealed record GrantSpec
{
    private const string Immutable = "a grant cannot be changed after it was created, only spec.revoke can be set; create a new grant instead";

    /// <summary>The BreakGlassPolicy that decides.</summary>
    [Required, Bounds(1, 63), Rule("self == oldSelf", Immutable)]
    public string Policy { get; init => field = value ?? ""; } = "";

    /// <summary>Why access is needed, for the reviewers.</summary>
    [Required, Bounds(1, 4096), Rule("self == oldSelf", Immutable)]
    public string Justification { get; init => field = value ?? ""; } = "";

    /// <summary>The incident's or change's number.</summary>
    [Bounds(max: 256), Rule("self == oldSelf", Immutable)]
    public string? Ticket { get; init; }

    /// <summary>How long access is needed; the policy's default where left out, refused where longer than its max.</summary>
    [Pattern(GoDuration.Pattern), Bounds(max: 32), Rule("self == oldSelf", Immutable)]
    public string? Duration { get; init; }

    /// <summary>TimeBoxed: when access starts; now where left out.</summary>
    [Nullable, Rule("self == oldSelf", Immutable)]
    [JsonConverter(typeof(MillisConverter))]
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>Only these access entries of the policy; all where left out.</summary>
    [Bounds(max: 16, MaxItemLength = 63), ListSet, Rule("self == oldSelf", Immutable)]
    public IReadOnlyList<string> Access { get; init => field = value ?? []; } = [];

    /// <summary>Only these of the namespaces that the entries reach; all where left out.</summary>
    [Bounds(max: 256, MaxItemLength = 63), ListSet, Rule("self == oldSelf", Immutable)]
    public IReadOnlyList<string> Namespaces { get; init => field = value ?? []; } = [];

    /// <summary>A public key (JWK, RSA or EC P-256). The credential is then delivered encrypted to it, in status.credentialJwe.</summary>
    [Nullable, Rule("self == oldSelf", Immutable)]
    public JsonWebKey? RecipientKey { get; init; }

    /// <summary>
    /// All places of the grant or none. Where left out, access opens in the places where it can, and the condition Active has the reason Partial and names
    /// the others, which are tried again until the grant ends.
    /// </summary>
    public bool? RequireAll { get; init; }

    /// <summary>Set once to end access at once.</summary>
    [Nullable, Rule("self == oldSelf", "spec.revoke: cannot be changed once it is set")]
    public Revocation? Revoke { get; init; }

    /// <summary>Who asks; stamped by admission from the authenticated caller.</summary>
    [Rule("self == oldSelf", Immutable)]
    public Caller? Requester { get; init; }
}

/// <summary>The wish that access ends now.</summary>
public sealed record Revocation
{
    /// <summary>Why.</summary>
    [Bounds(max: 1024)]
    public string? Reason { get; init; }

    /// <summary>Who; stamped by admission.</summary>
    public Caller? By { get; init; }
}

/// <summary>Where a grant stands. The last four never change again.</summary>
public enum GrantPhase
{
    /// <summary>Seen, or being made.</summary>
    Pending,

    /// <summary>Waiting for approvers.</summary>
    AwaitingApproval,

    /// <summary>Approved, waiting for its window.</summary>
    Scheduled,

    /// <summary>Access works.</summary>
    Active,

    /// <summary>Access ended by time.</summary>
    Expired,

    /// <summary>Access was ended before its time.</summary>
    Revoked,

    /// <summary>Access was never given, since the policy says no.</summary>
    Denied,

    /// <summary>Access could not be given.</summary>
    Failed,
}

/// <summary>Why a grant ended.</summary>
public enum EndReason
{
    /// <summary>Its time was over.</summary>
    Expired,

    /// <summary>spec.revoke was set.</summary>
    RevokedByUser,

    /// <summary>The policy was suspended.</summary>
    PolicySuspended,

    /// <summary>The policy was deleted.</summary>
    PolicyDeleted,

    /// <summary>The policy no longer allows it.</summary>
    PolicyNarrowed,

    /// <summary>A lockdown.</summary>
    Lockdown,

    /// <summary>It was not used.</summary>
    Idle,

    /// <summary>The grant was deleted.</summary>
    Deleted,

    /// <summary>The policy or an approver said no.</summary>
    Denied,

    /// <summary>Nobody decided in time.</summary>
    ApprovalTimeout,

    /// <summary>Access could not be made.</summary>
    Failed,
}

/// <summary>What became of a grant.</summary>
public sealed record GrantStatus
{
    /// <summary>The generation of the grant that this status speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Where the grant stands.</summary>
    public GrantPhase? Phase { get; init; }

    /// <summary>Authorized, Approved, Active, Revoked (proven, not assumed), Reviewed, LeftBehind (whether what the grant's identity created is still there).</summary>
    [ListMap("type")]
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];

    /// <summary>When the decision to give access was recorded; access follows within moments.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? ActivatedAt { get; init; }

    /// <summary>When access is gone: activatedAt and the duration. Recorded before the first object is made.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When access ended.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Why access ended.</summary>
    public EndReason? EndReason { get; init; }

    /// <summary>UID of the policy that decided.</summary>
    public string? PolicyUid { get; init; }

    /// <summary>How access reaches the requester, as decided.</summary>
    public CredentialKind? Credential { get; init; }

    /// <summary>The access entries as they were when the grant was decided. A policy that grows later does not widen a grant.</summary>
    [ListMap("name")]
    public IReadOnlyList<AccessEntry> Access { get; init => field = value ?? []; } = [];

    /// <summary>By this the operator knows that it was itself who recorded what is given, by whom and until when. Made with the keys of admission.</summary>
    [Bounds(max: 256)]
    public string? RecordSeal { get; init; }

    /// <summary>The bindings that give access.</summary>
    public IReadOnlyList<BindingRecord> Bindings { get; init => field = value ?? []; } = [];

    /// <summary>The ServiceAccount made for the grant, as namespace/name.</summary>
    public string? ServiceAccount { get; init; }

    /// <summary>The Secret that holds token and kubeconfig, as namespace/name. Only the requester can read it.</summary>
    public string? CredentialSecret { get; init; }

    /// <summary>The credential's kubeconfig, encrypted to spec.recipientKey (RFC 7516, compact).</summary>
    public string? CredentialJwe { get; init; }

    /// <summary>When the API server stops accepting the token by itself.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? CredentialExpiresAt { get; init; }

    /// <summary>The decisions of approvers.</summary>
    public IReadOnlyList<ApprovalRecord> Approvals { get; init => field = value ?? []; } = [];

    /// <summary>Every change of phase: who caused it, when and why. Only ever added to.</summary>
    public IReadOnlyList<TransitionRecord> Transitions { get; init => field = value ?? []; } = [];

    /// <summary>What the grant's identity created that could outlive it, and streams still open at the end.</summary>
    public IReadOnlyList<string> Residue { get; init => field = value ?? []; } = [];

    /// <summary>What was done with it, as far as recorded.</summary>
    public SessionSummary? Session { get; init; }
}

/// <summary>A binding that gives access.</summary>
public sealed record BindingRecord
{
    /// <summary>RoleBinding or ClusterRoleBinding.</summary>
    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary>The namespace, of a RoleBinding.</summary>
    public string? Namespace { get; init; }

    /// <summary>The name.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The role, as kind/name.</summary>
    public string Role { get; init => field = value ?? ""; } = "";

    /// <summary>UID of the binding, once it exists: by it a binding is known again whose marks were stripped.</summary>
    public string? Uid { get; init; }

    /// <summary>UID of the namespace that access was decided for. One that is deleted and created again is another one.</summary>
    public string? NamespaceUid { get; init; }

    /// <summary>Why there is no access in this place; left out where there is.</summary>
    public string? Problem { get; init; }
}

/// <summary>One approver's decision.</summary>
public sealed record ApprovalRecord
{
    /// <summary>Who decided.</summary>
    public string Approver { get; init => field = value ?? ""; } = "";

    /// <summary>Their UID, where the authenticator has one: nobody reviews under another name what they approved.</summary>
    public string? Uid { get; init; }

    /// <summary>What else says who the person is, as admission stamped it.</summary>
    public IReadOnlyList<string> Person { get; init => field = value ?? []; } = [];

    /// <summary>Approve or Deny.</summary>
    public string Decision { get; init => field = value ?? ""; } = "";

    /// <summary>When.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset At { get; init; }
}

/// <summary>One change of phase.</summary>
public sealed record TransitionRecord
{
    /// <summary>When.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset At { get; init; }

    /// <summary>The phase before; empty at the first.</summary>
    public GrantPhase? From { get; init; }

    /// <summary>The phase after.</summary>
    public GrantPhase To { get; init; }

    /// <summary>Who caused it: a user name, or breakglass-operator.</summary>
    public string Actor { get; init => field = value ?? ""; } = "";

    /// <summary>Why, CamelCase.</summary>
    public string Reason { get; init => field = value ?? ""; } = "";
}

/// <summary>What was done with a grant, as far as recorded.</summary>
public sealed record SessionSummary
{
    /// <summary>Requests of the grant's identity.</summary>
    public long Requests { get; init; }

    /// <summary>Those that change something.</summary>
    public long Writes { get; init; }

    /// <summary>Those that were refused.</summary>
    public long Denied { get; init; }

    /// <summary>The last request.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? LastActivityAt { get; init; }
}
