using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using BreakGlass.Core.Schema;
using k8s;
using k8s.Models;
using Kube.Client;

namespace BreakGlass.Core.Api;

/// <summary>Who may get which access, for how long and under which conditions. Declared by a GitOps pipeline; decides on every BreakGlassGrant that names it.</summary>
[KubernetesEntityShortNames("bgp")]
[CustomResource(Categories = [BreakGlassApi.Category])]
[GenericAdditionalPrinterColumn(".spec.mode", "Mode", Description = "BreakGlass, JustInTime or TimeBoxed")]
[GenericAdditionalPrinterColumn(".status.conditions[?(@.type==\"Ready\")].status", "Ready", Description = "Whether the policy can be used")]
[GenericAdditionalPrinterColumn(".status.activeGrants", "Active", "integer", Description = "Grants active now")]
[GenericAdditionalPrinterColumn(".status.lastActivatedAt", "Last", Description = "The last activation")]
[GenericAdditionalPrinterColumn(".spec.duration.max", "Max", Priority = 1, Description = "The longest grant")]
[GenericAdditionalPrinterColumn(".status.conditions[?(@.type==\"Ready\")].reason", "Reason", Priority = 1, Description = "Why it is ready or not")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
[ValidationRule("size(self.metadata.name) <= 63", message: "metadata.name: " + Sentences.NameTooLong)]
[KubernetesEntity(Group = BreakGlassApi.Group, ApiVersion = BreakGlassApi.Version, Kind = nameof(BreakGlassPolicy), PluralName = "breakglasspolicies")]
public sealed record BreakGlassPolicy : IKubernetesObject<V1ObjectMeta>, ISpec<PolicySpec>, IStatus<PolicyStatus>
{
    /// <inheritdoc/>
    public string ApiVersion { get; set => field = value ?? BreakGlassApi.ApiVersion; } = BreakGlassApi.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; set => field = value ?? nameof(BreakGlassPolicy); } = nameof(BreakGlassPolicy);

    /// <inheritdoc/>
    public V1ObjectMeta Metadata { get; set => field = value ?? new() { Name = "" }; } = new() { Name = "" };

    /// <summary>What the policy allows.</summary>
    [Required]
    public PolicySpec Spec { get; set => field = value ?? new(); } = new();

    /// <summary>What the operator makes of it.</summary>
    public PolicyStatus Status { get; set => field = value ?? new(); } = new();

    /// <summary>Where the kind lives in the API.</summary>
    public static ResourceType Resource { get; } = BreakGlassApi.Resource(nameof(BreakGlassPolicy));

    /// <summary>Its JSON contract.</summary>
    public static JsonTypeInfo<BreakGlassPolicy> Json { get; } = BreakGlassApi.Json<BreakGlassPolicy>();
}

/// <summary>The three models of emergency access, never mixed up.</summary>
public enum PolicyMode
{
    /// <summary>Access at once, reviewed afterwards.</summary>
    BreakGlass,

    /// <summary>Access after approval.</summary>
    JustInTime,

    /// <summary>Access in a planned window.</summary>
    TimeBoxed,
}

/// <summary>How access reaches the requester.</summary>
public enum CredentialKind
{
    /// <summary>A token of a ServiceAccount made for the grant alone.</summary>
    ServiceAccountToken,

    /// <summary>The requester's own user name is bound; there is no token.</summary>
    BindRequester,
}

/// <summary>What happens when a role's rules change after the policy was written.</summary>
public enum RolePinning
{
    /// <summary>A condition and an event.</summary>
    Warn,

    /// <summary>No new grants until an author applies the policy again.</summary>
    Suspend,
}

/// <summary>What becomes of what a grant's identity created.</summary>
public enum LeftoverHandling
{
    /// <summary>It stays, and the grant's status names it.</summary>
    Report,

    /// <summary>It is owned by the grant's binding and goes with it.</summary>
    Remove,
}

/// <summary>What the policy allows.</summary>
[ValidationRule("self.mode != 'BreakGlass' || !has(self.approval)", message: "spec.approval: " + Sentences.NoApproval)]
[ValidationRule("self.mode != 'JustInTime' || has(self.approval)", message: "spec.approval: " + Sentences.ApprovalMissing)]
[ValidationRule("self.mode != 'TimeBoxed' || has(self.schedule)", message: "spec.schedule: " + Sentences.ScheduleMissing)]
[ValidationRule("self.mode == 'TimeBoxed' || !has(self.schedule)", message: "spec.schedule: " + Sentences.OnlyTimeBoxed)]
[ValidationRule("self.mode != 'BreakGlass' || !has(self.review) || !has(self.review.required) || self.review.required", message: "spec.review.required: " + Sentences.AlwaysReviewed)]
[ValidationRule("self.mode == 'JustInTime' || !has(self.emergencyBypass)", message: "spec.emergencyBypass: " + Sentences.OnlyJustInTime)]
public sealed record PolicySpec
{
    /// <summary>What the policy is for, for people.</summary>
    [Length(maxLength: 1024)]
    public string? Description { get; init; }

    /// <summary>The model of access: BreakGlass gives it at once and has it reviewed afterwards, JustInTime gives it after approval, TimeBoxed in a planned window.</summary>
    [Required]
    public PolicyMode? Mode { get; init; }

    /// <summary>Who may create grants for this policy.</summary>
    [Required, Items(1, 64)]
    public IReadOnlyList<Subject> Requesters { get; init => field = value ?? []; } = [];

    /// <summary>Claims that the requester's sign-in must carry, for example that a second factor was used. All must hold.</summary>
    [Items(maxItems: 16)]
    public IReadOnlyList<RequiredClaim> RequireClaims { get; init => field = value ?? []; } = [];

    /// <summary>The most that one grant can give. A grant may ask for less, never for more.</summary>
    [Required, Items(1, 16), ListMap("name")]
    public IReadOnlyList<AccessEntry> Access { get; init => field = value ?? []; } = [];

    /// <summary>How access reaches the requester: a token of a ServiceAccount made for the grant alone, or a binding of the requester's own user name.</summary>
    [Default]
    public CredentialKind Credential { get; init; }

    /// <summary>How long a grant lasts.</summary>
    [Default]
    public DurationLimits Duration { get; init => field = value ?? new(); } = new();

    /// <summary>End a grant that was not used for this long. Needs session recording.</summary>
    [Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string? IdleTimeout { get; init; }

    /// <summary>What a grant must say about its reason.</summary>
    public JustificationRules? Justification { get; init; }

    /// <summary>Who must agree before access is given. Required for JustInTime, optional for TimeBoxed, forbidden for BreakGlass.</summary>
    public ApprovalTerms? Approval { get; init; }

    /// <summary>When access can be given. TimeBoxed only.</summary>
    public Schedule? Schedule { get; init; }

    /// <summary>How often the policy may be used.</summary>
    public Limits? Limits { get; init; }

    /// <summary>How much use is too much: past it the condition Overused turns True.</summary>
    public OveruseRules? Overuse { get; init; }

    /// <summary>The review after the fact. Always required for BreakGlass.</summary>
    public ReviewTerms? Review { get; init; }

    /// <summary>Where nobody decides in time: activate all the same, shorter, loudly, and reviewed. JustInTime only.</summary>
    public EmergencyBypass? EmergencyBypass { get; init; }

    /// <summary>What happens when a role's rules change after the policy was written.</summary>
    [Default]
    public RolePinning RolePinning { get; init; }

    /// <summary>What the persistence guard lets a grant of this policy do.</summary>
    [Enum(ApiWords.Persistence), Items(maxItems: 5), ListSet]
    public IReadOnlyList<string> AllowPersistence { get; init => field = value ?? []; } = [];

    /// <summary>
    /// What becomes of what a grant's identity created and is still there when the grant ends: Report names it in the grant's status.residue, Remove has the
    /// cluster's garbage collector take it away with the grant's binding.
    /// </summary>
    [Default]
    public LeftoverHandling Leftovers { get; init; }

    /// <summary>How long a finished grant stays as a record before it is deleted.</summary>
    [Default, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string RetainFor { get; init => field = value ?? Bounds.UsualRetention; } = Bounds.UsualRetention;

    /// <summary>True: no new grants, and the active ones are revoked.</summary>
    [Default]
    public bool Suspended { get; init; }
}
