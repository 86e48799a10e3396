using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Kube.Model;
using Kube.Model.Schema;

namespace BreakGlass.Core.Api;

/// <summary>Who may get which access, for how long and under which conditions. Declared by a GitOps pipeline; decides on every BreakGlassGrant that names it.</summary>
[CustomResource(ShortNames = ["bgp"], Categories = [BreakGlassApi.Category])]
[PrinterColumn("Mode", ".spec.mode", Description = "BreakGlass, JustInTime or TimeBoxed")]
[PrinterColumn("Ready", ".status.conditions[?(@.type==\"Ready\")].status", Description = "Whether the policy can be used")]
[PrinterColumn("Active", ".status.activeGrants", "integer", Description = "Grants active now")]
[PrinterColumn("Last", ".status.lastActivatedAt", Description = "The last activation")]
[PrinterColumn("Max", ".spec.duration.max", Priority = 1, Description = "The longest grant")]
[PrinterColumn("Reason", ".status.conditions[?(@.type==\"Ready\")].reason", Priority = 1, Description = "Why it is ready or not")]
[PrinterColumn("Age", ".metadata.creationTimestamp", "date")]
[Rule("size(self.metadata.name) <= 63", "metadata.name: at most 63 characters, since the name becomes a label value")]
public sealed record BreakGlassPolicy : IKubeResource<BreakGlassPolicy>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? BreakGlassApi.ApiVersion; } = BreakGlassApi.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? nameof(BreakGlassPolicy); } = nameof(BreakGlassPolicy);

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>What the policy allows.</summary>
    [Required]
    public PolicySpec Spec { get; init => field = value ?? new(); } = new();

    /// <summary>What the operator makes of it.</summary>
    public PolicyStatus Status { get; init => field = value ?? new(); } = new();

    /// <inheritdoc/>
    public static ResourceType Resource { get; } = BreakGlassApi.Resource(nameof(BreakGlassPolicy));

    /// <inheritdoc/>
    public static JsonTypeInfo<BreakGlassPolicy> Json { get; } = BreakGlassApi.Json<BreakGlassPolicy>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<BreakGlassPolicy>> ListJson { get; } = BreakGlassApi.Json<KubeList<BreakGlassPolicy>>();

    /// <inheritdoc/>
    public BreakGlassPolicy WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
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
[Rule("self.mode != 'BreakGlass' || !has(self.approval)", "spec.approval: a policy of mode BreakGlass gives access at once and takes no approval; use mode JustInTime, or remove it")]
[Rule("self.mode != 'JustInTime' || has(self.approval)", "spec.approval: required for mode JustInTime; say how many approvals are needed and from whom")]
[Rule("self.mode != 'TimeBoxed' || has(self.schedule)", "spec.schedule: required for mode TimeBoxed; say in which windows access is given")]
[Rule("self.mode == 'TimeBoxed' || !has(self.schedule)", "spec.schedule: only for mode TimeBoxed; use that mode, or remove it")]
[Rule("self.mode != 'BreakGlass' || !has(self.review) || !has(self.review.required) || self.review.required", "spec.review.required: a policy of mode BreakGlass is always reviewed; write true, or leave it out")]
[Rule("self.mode == 'JustInTime' || !has(self.emergencyBypass)", "spec.emergencyBypass: only for mode JustInTime; use that mode, or remove it")]
public sealed record PolicySpec
{
    /// <summary>What the policy is for, for people.</summary>
    [Bounds(max: 1024)]
    public string? Description { get; init; }

    /// <summary>The model of access: BreakGlass gives it at once and has it reviewed afterwards, JustInTime gives it after approval, TimeBoxed in a planned window.</summary>
    [Required]
    public PolicyMode? Mode { get; init; }

    /// <summary>Who may create grants for this policy.</summary>
    [Required, Bounds(1, 64)]
    public IReadOnlyList<Subject> Requesters { get; init => field = value ?? []; } = [];

    /// <summary>Claims that the requester's sign-in must carry, for example that a second factor was used. All must hold.</summary>
    [Bounds(max: 16)]
    public IReadOnlyList<RequiredClaim> RequireClaims { get; init => field = value ?? []; } = [];

    /// <summary>The most that one grant can give. A grant may ask for less, never for more.</summary>
    [Required, Bounds(1, 16), ListMap("name")]
    public IReadOnlyList<AccessEntry> Access { get; init => field = value ?? []; } = [];

    /// <summary>How access reaches the requester: a token of a ServiceAccount made for the grant alone, or a binding of the requester's own user name.</summary>
    [Default("\"ServiceAccountToken\"")]
    public CredentialKind Credential { get; init; }

    /// <summary>How long a grant lasts.</summary>
    [Default("""{"default":"30m","max":"1h"}""")]
    public DurationLimits Duration { get; init => field = value ?? new(); } = new();

    /// <summary>End a grant that was not used for this long. Needs session recording.</summary>
    [Pattern(GoDuration.Pattern), Bounds(max: 32)]
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
    [Default("\"Warn\"")]
    public RolePinning RolePinning { get; init; }

    /// <summary>What the persistence guard lets a grant of this policy do.</summary>
    [Enum("rbac", "tokens", "csr", "impersonate", "webhooks"), Bounds(max: 5), ListSet]
    public IReadOnlyList<string> AllowPersistence { get; init => field = value ?? []; } = [];

    /// <summary>
    /// What becomes of what a grant's identity created and is still there when the grant ends: Report names it in the grant's status.residue, Remove has the
    /// cluster's garbage collector take it away with the grant's binding.
    /// </summary>
    [Default("\"Report\"")]
    public LeftoverHandling Leftovers { get; init; }

    /// <summary>How long a finished grant stays as a record before it is deleted.</summary>
    [Default("\"2160h\""), Pattern(GoDuration.Pattern), Bounds(max: 32)]
    public string RetainFor { get; init => field = value ?? "2160h"; } = "2160h";

    /// <summary>True: no new grants, and the active ones are revoked.</summary>
    [Default("false")]
    public bool Suspended { get; init; }
}
