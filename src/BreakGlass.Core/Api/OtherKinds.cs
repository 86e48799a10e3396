using System.Text.Json.Serialization;
using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>One approver's decision on one grant.</summary>
[KubernetesEntityShortNames("bga")]
[CustomResource(Categories = [BreakGlassApi.Category], SelectableFields = [".spec.grant"])]
[GenericAdditionalPrinterColumn(".spec.grant", "Grant")]
[GenericAdditionalPrinterColumn(".spec.decision", "Decision")]
[GenericAdditionalPrinterColumn(".spec.approver.username", "Approver")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
[KubernetesEntity(Group = BreakGlassApi.Group, ApiVersion = BreakGlassApi.Version, Kind = nameof(BreakGlassApproval), PluralName = "breakglassapprovals")]
public sealed record BreakGlassApproval : IKubernetesObject<V1ObjectMeta>, ISpec<ApprovalSpec>, IStatus<ConditionsStatus>
{
    /// <inheritdoc/>
    public string ApiVersion { get; set => field = value ?? BreakGlassApi.ApiVersion; } = BreakGlassApi.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; set => field = value ?? nameof(BreakGlassApproval); } = nameof(BreakGlassApproval);

    /// <inheritdoc/>
    public V1ObjectMeta Metadata { get; set => field = value ?? new() { Name = "" }; } = new() { Name = "" };

    /// <summary>The decision. It is immutable.</summary>
    [Required, ValidationRule("self == oldSelf", message: Sentences.ApprovalFixed)]
    public ApprovalSpec Spec { get; set => field = value ?? new(); } = new();

    /// <summary>What the operator observed of the object.</summary>
    public ConditionsStatus Status { get; set => field = value ?? new(); } = new();
}

/// <summary>A decision on a grant.</summary>
public sealed record ApprovalSpec
{
    /// <summary>The name of the grant.</summary>
    [Required, Length(1, Bounds.LongestName)]
    public string Grant { get; init => field = value ?? ""; } = "";

    /// <summary>The UID of the grant. Admission sets it, so that the decision does not count for a later grant with this name.</summary>
    [Length(maxLength: 64)]
    public string? GrantUid { get; init; }

    /// <summary>Approve or Deny. One Deny is enough to deny the request.</summary>
    [Required, Enum("Approve, Deny")]
    public string Decision { get; init => field = value ?? ""; } = "";

    /// <summary>Why, for the record.</summary>
    [Length(maxLength: 4096)]
    public string? Comment { get; init; }

    /// <summary>Who decides. Admission sets it from the authenticated caller.</summary>
    public Caller? Approver { get; init; }
}

/// <summary>The after-action review of one grant.</summary>
[KubernetesEntityShortNames("bgr")]
[CustomResource(Categories = [BreakGlassApi.Category], SelectableFields = [".spec.grant"])]
[GenericAdditionalPrinterColumn(".spec.grant", "Grant")]
[GenericAdditionalPrinterColumn(".spec.outcome", "Outcome")]
[GenericAdditionalPrinterColumn(".spec.reviewer.username", "Reviewer")]
[GenericAdditionalPrinterColumn(".spec.followUp", "Follow-Up", Priority = 1)]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
[KubernetesEntity(Group = BreakGlassApi.Group, ApiVersion = BreakGlassApi.Version, Kind = nameof(BreakGlassReview), PluralName = "breakglassreviews")]
public sealed record BreakGlassReview : IKubernetesObject<V1ObjectMeta>, ISpec<ReviewSpec>, IStatus<ConditionsStatus>
{
    /// <inheritdoc/>
    public string ApiVersion { get; set => field = value ?? BreakGlassApi.ApiVersion; } = BreakGlassApi.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; set => field = value ?? nameof(BreakGlassReview); } = nameof(BreakGlassReview);

    /// <inheritdoc/>
    public V1ObjectMeta Metadata { get; set => field = value ?? new() { Name = "" }; } = new() { Name = "" };

    /// <summary>The review. It is immutable.</summary>
    [Required, ValidationRule("self == oldSelf", message: Sentences.ReviewFixed)]
    public ReviewSpec Spec { get; set => field = value ?? new(); } = new();

    /// <summary>What the operator observed of the object.</summary>
    public ConditionsStatus Status { get; set => field = value ?? new(); } = new();
}

/// <summary>A reviewer's judgement of a grant.</summary>
public sealed record ReviewSpec
{
    /// <summary>The name of the grant.</summary>
    [Required, Length(1, Bounds.LongestName)]
    public string Grant { get; init => field = value ?? ""; } = "";

    /// <summary>The UID of the grant. Admission sets it, so that the review does not count for a later grant with this name.</summary>
    [Length(maxLength: 64)]
    public string? GrantUid { get; init; }

    /// <summary>The judgement: Justified, Unjustified or Misused.</summary>
    [Required, Enum(ApiWords.Outcomes)]
    public string Outcome { get; init => field = value ?? ""; } = "";

    /// <summary>What the reviewer found.</summary>
    [Length(maxLength: 4096)]
    public string? Comment { get; init; }

    /// <summary>What to do next, for example a ticket.</summary>
    [Length(maxLength: 1024)]
    public string? FollowUp { get; init; }

    /// <summary>Who reviews. Admission sets it from the authenticated caller.</summary>
    public Caller? Reviewer { get; init; }
}

/// <summary>The kill switch: while a lockdown exists, access in its scope is revoked and no grant in its scope is activated.</summary>
[KubernetesEntityShortNames("bgl")]
[CustomResource(Categories = [BreakGlassApi.Category])]
[GenericAdditionalPrinterColumn(".spec.reason", "Reason")]
[GenericAdditionalPrinterColumn(".spec.by.username", "By")]
[GenericAdditionalPrinterColumn(".status.revoked", "Revoked", "integer")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
[KubernetesEntity(Group = BreakGlassApi.Group, ApiVersion = BreakGlassApi.Version, Kind = nameof(BreakGlassLockdown), PluralName = "breakglasslockdowns")]
public sealed record BreakGlassLockdown : IKubernetesObject<V1ObjectMeta>, ISpec<LockdownSpec>, IStatus<LockdownStatus>
{
    /// <inheritdoc/>
    public string ApiVersion { get; set => field = value ?? BreakGlassApi.ApiVersion; } = BreakGlassApi.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; set => field = value ?? nameof(BreakGlassLockdown); } = nameof(BreakGlassLockdown);

    /// <inheritdoc/>
    public V1ObjectMeta Metadata { get; set => field = value ?? new() { Name = "" }; } = new() { Name = "" };

    /// <summary>What is locked down, and why. It is immutable; delete the lockdown to lift it.</summary>
    [Required, ValidationRule("self == oldSelf", message: Sentences.LockdownFixed)]
    public LockdownSpec Spec { get; set => field = value ?? new(); } = new();

    /// <summary>What the lockdown revoked.</summary>
    public LockdownStatus Status { get; set => field = value ?? new(); } = new();
}

/// <summary>The scope of a lockdown, and its reason.</summary>
public sealed record LockdownSpec
{
    /// <summary>Why, for the record.</summary>
    [Required, Length(1, Bounds.LongestJustification)]
    public string Reason { get; init => field = value ?? ""; } = "";

    /// <summary>The labels of the policies whose grants are locked down. If empty: all policies.</summary>
    public LabelSelector? PolicySelector { get; init; }

    /// <summary>Who created the lockdown. Admission sets it from the authenticated caller.</summary>
    public Caller? By { get; init; }
}

/// <summary>What a lockdown revoked.</summary>
public sealed record LockdownStatus
{
    /// <summary>The generation that this status describes.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>The number of grants that the lockdown revoked.</summary>
    public int? Revoked { get; init; }

    /// <summary>When the operator verified the last of these revocations.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Conditions of the object.</summary>
    [ListMap("type")]
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];
}

/// <summary>A status that only has conditions.</summary>
public sealed record ConditionsStatus
{
    /// <summary>The generation that this status describes.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Conditions of the object.</summary>
    [ListMap("type")]
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];
}
