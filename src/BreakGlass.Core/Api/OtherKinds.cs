using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using BreakGlass.Core.Schema;
using k8s;
using k8s.Models;
using Kube.Client;

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

    /// <summary>The decision. Cannot be changed.</summary>
    [Required, ValidationRule("self == oldSelf", message: Sentences.ApprovalFixed)]
    public ApprovalSpec Spec { get; set => field = value ?? new(); } = new();

    /// <summary>What the operator makes of it.</summary>
    public ConditionsStatus Status { get; set => field = value ?? new(); } = new();

    /// <summary>Where the kind lives in the API.</summary>
    public static ResourceType Resource { get; } = BreakGlassApi.Resource(nameof(BreakGlassApproval));

    /// <summary>Its JSON contract.</summary>
    public static JsonTypeInfo<BreakGlassApproval> Json { get; } = BreakGlassApi.Json<BreakGlassApproval>();
}

/// <summary>A decision on a grant.</summary>
public sealed record ApprovalSpec
{
    /// <summary>The grant.</summary>
    [Required, Length(1, Bounds.LongestName)]
    public string Grant { get; init => field = value ?? ""; } = "";

    /// <summary>UID of the grant; stamped by admission, so that a decision never counts for a namesake made later.</summary>
    [Length(maxLength: 64)]
    public string? GrantUid { get; init; }

    /// <summary>Approve or Deny.</summary>
    [Required, Enum("Approve, Deny")]
    public string Decision { get; init => field = value ?? ""; } = "";

    /// <summary>Why.</summary>
    [Length(maxLength: 4096)]
    public string? Comment { get; init; }

    /// <summary>Who decides; stamped by admission from the authenticated caller.</summary>
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

    /// <summary>The verdict. Cannot be changed.</summary>
    [Required, ValidationRule("self == oldSelf", message: Sentences.ReviewFixed)]
    public ReviewSpec Spec { get; set => field = value ?? new(); } = new();

    /// <summary>What the operator makes of it.</summary>
    public ConditionsStatus Status { get; set => field = value ?? new(); } = new();

    /// <summary>Where the kind lives in the API.</summary>
    public static ResourceType Resource { get; } = BreakGlassApi.Resource(nameof(BreakGlassReview));

    /// <summary>Its JSON contract.</summary>
    public static JsonTypeInfo<BreakGlassReview> Json { get; } = BreakGlassApi.Json<BreakGlassReview>();
}

/// <summary>A verdict on a grant.</summary>
public sealed record ReviewSpec
{
    /// <summary>The grant.</summary>
    [Required, Length(1, Bounds.LongestName)]
    public string Grant { get; init => field = value ?? ""; } = "";

    /// <summary>UID of the grant; stamped by admission, so that a review never counts for a namesake made later.</summary>
    [Length(maxLength: 64)]
    public string? GrantUid { get; init; }

    /// <summary>Justified, Unjustified or Misused.</summary>
    [Required, Enum(ApiWords.Outcomes)]
    public string Outcome { get; init => field = value ?? ""; } = "";

    /// <summary>What the reviewer found.</summary>
    [Length(maxLength: 4096)]
    public string? Comment { get; init; }

    /// <summary>What is to be done about it, for example a ticket.</summary>
    [Length(maxLength: 1024)]
    public string? FollowUp { get; init; }

    /// <summary>Who reviews; stamped by admission from the authenticated caller.</summary>
    public Caller? Reviewer { get; init; }
}

/// <summary>The kill switch: while one exists nothing in its scope is or becomes active.</summary>
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

    /// <summary>What is shut, and why. Cannot be changed.</summary>
    [Required, ValidationRule("self == oldSelf", message: Sentences.LockdownFixed)]
    public LockdownSpec Spec { get; set => field = value ?? new(); } = new();

    /// <summary>What was revoked.</summary>
    public LockdownStatus Status { get; set => field = value ?? new(); } = new();

    /// <summary>Where the kind lives in the API.</summary>
    public static ResourceType Resource { get; } = BreakGlassApi.Resource(nameof(BreakGlassLockdown));

    /// <summary>Its JSON contract.</summary>
    public static JsonTypeInfo<BreakGlassLockdown> Json { get; } = BreakGlassApi.Json<BreakGlassLockdown>();
}

/// <summary>What a lockdown shuts.</summary>
public sealed record LockdownSpec
{
    /// <summary>Why.</summary>
    [Required, Length(1, Bounds.LongestJustification)]
    public string Reason { get; init => field = value ?? ""; } = "";

    /// <summary>The policies it covers, by their labels; empty covers everything.</summary>
    public LabelSelector? PolicySelector { get; init; }

    /// <summary>Who; stamped by admission from the authenticated caller.</summary>
    public Caller? By { get; init; }
}

/// <summary>What a lockdown did.</summary>
public sealed record LockdownStatus
{
    /// <summary>The generation that this status speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>How many grants were revoked.</summary>
    public int? Revoked { get; init; }

    /// <summary>When the last of them was proven to be.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Conditions.</summary>
    [ListMap("type")]
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];
}

/// <summary>A status that is nothing but conditions.</summary>
public sealed record ConditionsStatus
{
    /// <summary>The generation that this status speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Conditions.</summary>
    [ListMap("type")]
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];
}
