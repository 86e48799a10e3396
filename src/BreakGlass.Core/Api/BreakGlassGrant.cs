using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using BreakGlass.Core.Schema;
using k8s;
using k8s.Models;
using Kube.Client;

namespace BreakGlass.Core.Api;

/// <summary>One request for access in an incident, and the record of what became of it.</summary>
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

    /// <summary>What is asked for. Cannot be changed after creation; only revoke can be set, once.</summary>
    [Required]
    public GrantSpec Spec { get; set => field = value ?? new(); } = new();

    /// <summary>What became of it.</summary>
    public GrantStatus Status { get; set => field = value ?? new(); } = new();

    /// <summary>Where the kind lives in the API.</summary>
    public static ResourceType Resource { get; } = BreakGlassApi.Resource(nameof(BreakGlassGrant));

    /// <summary>Its JSON contract.</summary>
    public static JsonTypeInfo<BreakGlassGrant> Json { get; } = BreakGlassApi.Json<BreakGlassGrant>();
}

/// <summary>What is asked for.</summary>
[ValidationRule("has(self.ticket) == has(oldSelf.ticket)", message: "spec.ticket: " + Sentences.GrantFixed)]
[ValidationRule("has(self.duration) == has(oldSelf.duration)", message: "spec.duration: " + Sentences.GrantFixed)]
[ValidationRule("has(self.startTime) == has(oldSelf.startTime)", message: "spec.startTime: " + Sentences.GrantFixed)]
[ValidationRule("has(self.access) == has(oldSelf.access)", message: "spec.access: " + Sentences.GrantFixed)]
[ValidationRule("has(self.namespaces) == has(oldSelf.namespaces)", message: "spec.namespaces: " + Sentences.GrantFixed)]
[ValidationRule("has(self.recipientKey) == has(oldSelf.recipientKey)", message: "spec.recipientKey: " + Sentences.GrantFixed)]
[ValidationRule("(has(self.requireAll) && self.requireAll) == (has(oldSelf.requireAll) && oldSelf.requireAll)", message: "spec.requireAll: " + Sentences.GrantFixed)]
[ValidationRule("has(self.requester) == has(oldSelf.requester)", message: "spec.requester: " + Sentences.GrantFixed)]
[ValidationRule("!has(oldSelf.revoke) || has(self.revoke)", message: "spec.revoke: " + Sentences.RevocationStays)]
public sealed record GrantSpec
{
    /// <summary>The BreakGlassPolicy that decides.</summary>
    [Required, Length(1, Bounds.LongestName), ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public string Policy { get; init => field = value ?? ""; } = "";

    /// <summary>Why access is needed, for the reviewers.</summary>
    [Required, Length(1, Bounds.LongestJustification), ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public string Justification { get; init => field = value ?? ""; } = "";

    /// <summary>The incident's or change's number.</summary>
    [Length(maxLength: 256), ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public string? Ticket { get; init; }

    /// <summary>How long access is needed; the policy's default where left out, refused where longer than its max.</summary>
    [Pattern(GoDuration.Pattern), Length(maxLength: 32), ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public string? Duration { get; init; }

    /// <summary>TimeBoxed: when access starts; now where left out.</summary>
    [Nullable, ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    [JsonConverter(typeof(MillisConverter))]
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>Only these access entries of the policy; all where left out.</summary>
    [Items(maxItems: 16), ItemLength(63), ListSet, ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public IReadOnlyList<string> Access { get; init => field = value ?? []; } = [];

    /// <summary>Only these of the namespaces that the entries reach; all where left out.</summary>
    [Items(maxItems: 256), ItemLength(63), ListSet, ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public IReadOnlyList<string> Namespaces { get; init => field = value ?? []; } = [];

    /// <summary>A public key (JWK, RSA or EC P-256). The credential is then delivered encrypted to it, in status.credentialJwe.</summary>
    [Nullable, ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public JsonWebKey? RecipientKey { get; init; }

    /// <summary>
    /// All places of the grant or none. Where left out, access opens in the places where it can, and the condition Active has the reason Partial and names
    /// the others, which are tried again until the grant ends.
    /// </summary>
    public bool? RequireAll { get; init; }

    /// <summary>Set once to end access at once.</summary>
    [Nullable, ValidationRule("self == oldSelf", message: "spec.revoke: " + Sentences.RevocationFixed)]
    public Revocation? Revoke { get; init; }

    /// <summary>Who asks; stamped by admission from the authenticated caller.</summary>
    [ValidationRule("self == oldSelf", message: Sentences.GrantFixed)]
    public Caller? Requester { get; init; }
}

/// <summary>The wish that access ends now.</summary>
public sealed record Revocation
{
    /// <summary>Why.</summary>
    [Length(maxLength: 1024)]
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
    [Length(maxLength: 256)]
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
