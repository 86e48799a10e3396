using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Kube.Model;
using Kube.Model.Schema;

namespace BreakGlass.Core.Api;

/// <summary>One approver's decision on one grant.</summary>
[CustomResource(ShortNames = ["bga"], Categories = [BreakGlassApi.Category], SelectableFields = [".spec.grant"])]
[PrinterColumn("Grant", ".spec.grant")]
[PrinterColumn("Decision", ".spec.decision")]
[PrinterColumn("Approver", ".spec.approver.username")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
public sealed record BreakGlassApproval : IKubeResource<BreakGlassApproval>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? BreakGlassApi.ApiVersion; } = BreakGlassApi.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? nameof(BreakGlassApproval); } = nameof(BreakGlassApproval);

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>The decision. Cannot be changed.</summary>
    [Required, Rule("self == oldSelf", "an approval cannot be changed; create another one")]
    public ApprovalSpec Spec { get; init => field = value ?? new(); } = new();

    /// <summary>What the operator makes of it.</summary>
    public ConditionsStatus Status { get; init => field = value ?? new(); } = new();

    /// <inheritdoc/>
    public static ResourceType Resource { get; } = BreakGlassApi.Resource(nameof(BreakGlassApproval));

    /// <inheritdoc/>
    public static JsonTypeInfo<BreakGlassApproval> Json { get; } = BreakGlassApi.Json<BreakGlassApproval>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<BreakGlassApproval>> ListJson { get; } = BreakGlassApi.Json<KubeList<BreakGlassApproval>>();

    /// <inheritdoc/>
    public BreakGlassApproval WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>A decision on a grant.</summary>
public sealed record ApprovalSpec
{
    /// <summary>The grant.</summary>
    [Required, Bounds(1, 63)]
    public string Grant { get; init => field = value ?? ""; } = "";

    /// <summary>UID of the grant; stamped by admission, so that a decision never counts for a namesake made later.</summary>
    [Bounds(max: 64)]
    public string? GrantUid { get; init; }

    /// <summary>Approve or Deny.</summary>
    [Required, Enum("Approve", "Deny")]
    public string Decision { get; init => field = value ?? ""; } = "";

    /// <summary>Why.</summary>
    [Bounds(max: 4096)]
    public string? Comment { get; init; }

    /// <summary>Who decides; stamped by admission from the authenticated caller.</summary>
    public Caller? Approver { get; init; }
}

/// <summary>The after-action review of one grant.</summary>
[CustomResource(ShortNames = ["bgr"], Categories = [BreakGlassApi.Category], SelectableFields = [".spec.grant"])]
[PrinterColumn("Grant", ".spec.grant")]
[PrinterColumn("Outcome", ".spec.outcome")]
[PrinterColumn("Reviewer", ".spec.reviewer.username")]
[PrinterColumn("Follow-Up", ".spec.followUp", Priority = 1)]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
public sealed record BreakGlassReview : IKubeResource<BreakGlassReview>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? BreakGlassApi.ApiVersion; } = BreakGlassApi.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? nameof(BreakGlassReview); } = nameof(BreakGlassReview);

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>The verdict. Cannot be changed.</summary>
    [Required, Rule("self == oldSelf", "a review cannot be changed; create another one")]
    public ReviewSpec Spec { get; init => field = value ?? new(); } = new();

    /// <summary>What the operator makes of it.</summary>
    public ConditionsStatus Status { get; init => field = value ?? new(); } = new();

    /// <inheritdoc/>
    public static ResourceType Resource { get; } = BreakGlassApi.Resource(nameof(BreakGlassReview));

    /// <inheritdoc/>
    public static JsonTypeInfo<BreakGlassReview> Json { get; } = BreakGlassApi.Json<BreakGlassReview>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<BreakGlassReview>> ListJson { get; } = BreakGlassApi.Json<KubeList<BreakGlassReview>>();

    /// <inheritdoc/>
    public BreakGlassReview WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>A verdict on a grant.</summary>
public sealed record ReviewSpec
{
    /// <summary>The grant.</summary>
    [Required, Bounds(1, 63)]
    public string Grant { get; init => field = value ?? ""; } = "";

    /// <summary>UID of the grant; stamped by admission, so that a review never counts for a namesake made later.</summary>
    [Bounds(max: 64)]
    public string? GrantUid { get; init; }

    /// <summary>Justified, Unjustified or Misused.</summary>
    [Required, Enum("Justified", "Unjustified", "Misused")]
    public string Outcome { get; init => field = value ?? ""; } = "";

    /// <summary>What the reviewer found.</summary>
    [Bounds(max: 4096)]
    public string? Comment { get; init; }

    /// <summary>What is to be done about it, for example a ticket.</summary>
    [Bounds(max: 1024)]
    public string? FollowUp { get; init; }

    /// <summary>Who reviews; stamped by admission from the authenticated caller.</summary>
    public Caller? Reviewer { get; init; }
}

/// <summary>The kill switch: while one exists nothing in its scope is or becomes active.</summary>
[CustomResource(ShortNames = ["bgl"], Categories = [BreakGlassApi.Category])]
[PrinterColumn("Reason", ".spec.reason")]
[PrinterColumn("By", ".spec.by.username")]
[PrinterColumn("Revoked", ".status.revoked", "integer")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
public sealed record BreakGlassLockdown : IKubeResource<BreakGlassLockdown>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? BreakGlassApi.ApiVersion; } = BreakGlassApi.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? nameof(BreakGlassLockdown); } = nameof(BreakGlassLockdown);

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>What is shut, and why. Cannot be changed.</summary>
    [Required, Rule("self == oldSelf", "a lockdown cannot be changed; create another one, or delete this one to lift it")]
    public LockdownSpec Spec { get; init => field = value ?? new(); } = new();

    /// <summary>What was revoked.</summary>
    public LockdownStatus Status { get; init => field = value ?? new(); } = new();

    /// <inheritdoc/>
    public static ResourceType Resource { get; } = BreakGlassApi.Resource(nameof(BreakGlassLockdown));

    /// <inheritdoc/>
    public static JsonTypeInfo<BreakGlassLockdown> Json { get; } = BreakGlassApi.Json<BreakGlassLockdown>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<BreakGlassLockdown>> ListJson { get; } = BreakGlassApi.Json<KubeList<BreakGlassLockdown>>();

    /// <inheritdoc/>
    public BreakGlassLockdown WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>What a lockdown shuts.</summary>
public sealed record LockdownSpec
{
    /// <summary>Why.</summary>
    [Required, Bounds(1, 4096)]
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
