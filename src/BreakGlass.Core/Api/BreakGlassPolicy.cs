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

/// <summary>What the policy allows.</summary>
[Rule("self.mode != 'BreakGlass' || !has(self.approval)", "spec.approval: a policy of mode BreakGlass gives access at once and takes no approval; use mode JustInTime, or remove it")]
[Rule("self.mode != 'JustInTime' || has(self.approval)", "spec.approval: required for mode JustInTime; say how many approvals are needed and from whom")]
[Rule("self.mode != 'TimeBoxed' || has(self.schedule)", "spec.schedule: required for mode TimeBoxed; say in which windows access is given")]
[Rule("self.mode == 'TimeBoxed' || !has(self.schedule)", "spec.schedule: only for mode TimeBoxed; use that mode, or remove it")]
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
    public ApprovalRules? Approval { get; init; }

    /// <summary>When access can be given. TimeBoxed only.</summary>
    public Schedule? Schedule { get; init; }

    /// <summary>How often the policy may be used.</summary>
    public Limits? Limits { get; init; }

    /// <summary>How much use is too much: past it the condition Overused turns True.</summary>
    public OveruseRules? Overuse { get; init; }

    /// <summary>The review after the fact. Always required for BreakGlass.</summary>
    public ReviewRules? Review { get; init; }

    /// <summary>Where nobody decides in time: activate all the same, shorter, loudly, and reviewed. JustInTime only.</summary>
    public EmergencyBypass? EmergencyBypass { get; init; }

    /// <summary>What happens when a role's rules change after the policy was written.</summary>
    [Default("\"Warn\"")]
    public RolePinning RolePinning { get; init; }

    /// <summary>What the persistence guard lets a grant of this policy do.</summary>
    [Enum("rbac", "tokens", "csr", "impersonate", "webhooks"), Bounds(max: 5), ListSet]
    public IReadOnlyList<string> AllowPersistence { get; init => field = value ?? []; } = [];

    /// <summary>How long a finished grant stays as a record before it is deleted.</summary>
    [Default("\"2160h\""), Pattern(GoDuration.Pattern), Bounds(max: 32)]
    public string RetainFor { get; init => field = value ?? "2160h"; } = "2160h";

    /// <summary>True: no new grants, and the active ones are revoked.</summary>
    [Default("false")]
    public bool Suspended { get; init; }
}

/// <summary>A key of the caller's <c>extra</c> that must hold one of the values.</summary>
public sealed record RequiredClaim
{
    /// <summary>The key in userInfo.extra.</summary>
    [Required, Bounds(1, 253)]
    public string Key { get; init => field = value ?? ""; } = "";

    /// <summary>Values of which one must be there.</summary>
    [Required, Bounds(1, 32, MaxItemLength = 1024)]
    public IReadOnlyList<string> Values { get; init => field = value ?? []; } = [];
}

/// <summary>A role, and where it is given.</summary>
[Rule("[has(self.namespaces), has(self.namespaceSelector), has(self.clusterWide) && self.clusterWide].filter(x, x).size() == 1",
    "exactly one of namespaces, namespaceSelector and clusterWide: true says where the role is given")]
[Rule("self.roleRef.kind != 'Role' || has(self.namespaces)", "roleRef.kind Role: a Role lives in a namespace, so the entry needs namespaces; use a ClusterRole for a selector or the whole cluster")]
public sealed record AccessEntry
{
    /// <summary>The entry's name, unique in the policy. Grants choose entries by it.</summary>
    [Required, Bounds(1, 63), Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The role that is given.</summary>
    [Required]
    public RoleReference RoleRef { get; init => field = value ?? new(); } = new();

    /// <summary>Give the role in these namespaces.</summary>
    [Bounds(1, 256, MaxItemLength = 63), ListSet]
    public IReadOnlyList<string> Namespaces { get; init => field = value ?? []; } = [];

    /// <summary>Give the role in every namespace whose labels match, also in those that come to match while a grant is active.</summary>
    public LabelSelector? NamespaceSelector { get; init; }

    /// <summary>Give the role in the whole cluster.</summary>
    public bool? ClusterWide { get; init; }
}

/// <summary>A role by name.</summary>
public sealed record RoleReference
{
    /// <summary>ClusterRole, or Role for one that lives in each of the namespaces.</summary>
    [Required, Enum("ClusterRole", "Role")]
    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary>The role's name.</summary>
    [Required, Bounds(1, 253)]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <inheritdoc/>
    public override string ToString() => $"{Kind}/{Name}";
}

/// <summary>How long a grant lasts.</summary>
[Rule("duration(self.max) <= duration('12h')", "max: at most 12h")]
[Rule("duration(self.default) <= duration(self.max)", "default: at most max")]
[Rule("duration(self.default) > duration('0s')", "default: must be more than zero")]
public sealed record DurationLimits
{
    /// <summary>Where the grant says nothing.</summary>
    [Default("\"30m\""), Pattern(GoDuration.Pattern), Bounds(max: 32)]
    public string Default { get; init => field = value ?? "30m"; } = "30m";

    /// <summary>The longest a grant may ask for; at most 12h. A grant past it is refused.</summary>
    [Default("\"1h\""), Pattern(GoDuration.Pattern), Bounds(max: 32)]
    public string Max { get; init => field = value ?? "1h"; } = "1h";
}

/// <summary>What a grant must say about its reason.</summary>
public sealed record JustificationRules
{
    /// <summary>The least number of characters of a justification, spaces at its ends not counted.</summary>
    [Bounds(0, 1024)]
    public int? MinLength { get; init; }

    /// <summary>A regular expression that the ticket must match; a grant without a ticket is then refused.</summary>
    [Bounds(max: 256)]
    public string? TicketPattern { get; init; }
}

/// <summary>Who must agree before access is given.</summary>
public sealed record ApprovalRules
{
    /// <summary>How many different people must approve.</summary>
    [Default("1"), Bounds(1, 10)]
    public int Required { get; init => field = value == 0 ? 1 : value; } = 1;

    /// <summary>Who may approve; never the requester.</summary>
    [Required, Bounds(1, 64)]
    public IReadOnlyList<Subject> Approvers { get; init => field = value ?? []; } = [];

    /// <summary>No decision within this time: the grant is denied.</summary>
    [Default("\"15m\""), Pattern(GoDuration.Pattern), Bounds(max: 32)]
    public string Timeout { get; init => field = value ?? "15m"; } = "15m";

    /// <summary>Requests of low risk that need nobody.</summary>
    public AutoApproval? AutoApprove { get; init; }
}

/// <summary>Requests of low risk that need nobody's approval.</summary>
public sealed record AutoApproval
{
    /// <summary>The longest that is approved by itself.</summary>
    [Required, Pattern(GoDuration.Pattern), Bounds(max: 32)]
    public string MaxDuration { get; init => field = value ?? ""; } = "";

    /// <summary>Only where every rule of the roles is read-only.</summary>
    [Default("true")]
    public bool? ReadOnlyOnly { get; init; }
}

/// <summary>When access can be given.</summary>
public sealed record Schedule
{
    /// <summary>IANA time zone, for example Europe/Berlin.</summary>
    [Required, Bounds(1, 64)]
    public string TimeZone { get; init => field = value ?? ""; } = "";

    /// <summary>The windows.</summary>
    [Required, Bounds(1, 32)]
    public IReadOnlyList<ScheduleWindow> Windows { get; init => field = value ?? []; } = [];
}

/// <summary>A window on some days of the week.</summary>
public sealed record ScheduleWindow
{
    /// <summary>The days on which it starts.</summary>
    [Required, Bounds(1, 7), ListSet, Enum("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")]
    public IReadOnlyList<string> Days { get; init => field = value ?? []; } = [];

    /// <summary>Local time of its start, for example 22:00.</summary>
    [Required, Bounds(max: 5), Pattern("^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    public string Start { get; init => field = value ?? ""; } = "";

    /// <summary>Local time of its end; before the start it means the next day.</summary>
    [Required, Bounds(max: 5), Pattern("^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    public string End { get; init => field = value ?? ""; } = "";
}

/// <summary>How often a policy may be used.</summary>
public sealed record Limits
{
    /// <summary>The most grants active at the same time.</summary>
    [Bounds(1, 10000)]
    public int? MaxActive { get; init; }

    /// <summary>The most grants active at the same time for one requester.</summary>
    [Bounds(1, 10000)]
    public int? MaxActivePerRequester { get; init; }

    /// <summary>How long a requester waits after a grant ended.</summary>
    [Pattern(GoDuration.Pattern), Bounds(max: 32)]
    public string? Cooldown { get; init; }
}

/// <summary>How much use is too much.</summary>
public sealed record OveruseRules
{
    /// <summary>Activations within the window past which the policy counts as overused.</summary>
    [Required, Bounds(1, 100000)]
    public int Activations { get; init; }

    /// <summary>The sliding window.</summary>
    [Required, Pattern(GoDuration.Pattern), Bounds(max: 32)]
    public string Window { get; init => field = value ?? ""; } = "";
}

/// <summary>The review after the fact.</summary>
public sealed record ReviewRules
{
    /// <summary>Whether each grant must be reviewed. Always true for mode BreakGlass.</summary>
    [Default("true")]
    public bool? Required { get; init; }

    /// <summary>How long the reviewers have, counted from the end of the grant.</summary>
    [Default("\"24h\""), Pattern(GoDuration.Pattern), Bounds(max: 32)]
    public string Within { get; init => field = value ?? "24h"; } = "24h";

    /// <summary>Who may review; never the requester or an approver of the grant.</summary>
    [Bounds(max: 64)]
    public IReadOnlyList<Subject> Reviewers { get; init => field = value ?? []; } = [];

    /// <summary>Whether a requester gets no further grant of this policy while one of theirs waits for its review.</summary>
    [Default("false")]
    public bool BlockRequesterUntilReviewed { get; init; }
}

/// <summary>Where nobody decides in time.</summary>
public sealed record EmergencyBypass
{
    /// <summary>How long access lasts then.</summary>
    [Required, Pattern(GoDuration.Pattern), Bounds(max: 32)]
    public string Duration { get; init => field = value ?? ""; } = "";
}

/// <summary>What the operator makes of a policy.</summary>
public sealed record PolicyStatus
{
    /// <summary>The generation of the policy that this status speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>Ready, RolesResolved, Overused, NeverExercised, and ClockSkewed while the clocks differ.</summary>
    [ListMap("type")]
    public IReadOnlyList<Condition> Conditions { get; init => field = value ?? []; } = [];

    /// <summary>Grants active now.</summary>
    public int? ActiveGrants { get; init; }

    /// <summary>Activations within the window of overuse, or of the last 168 hours where the policy names none.</summary>
    public int? ActivationsInWindow { get; init; }

    /// <summary>The last activation.</summary>
    [JsonConverter(typeof(MillisConverter))]
    public DateTimeOffset? LastActivatedAt { get; init; }

    /// <summary>What the policy hands out today, for each access entry.</summary>
    [ListMap("name")]
    public IReadOnlyList<RoleSummary> Roles { get; init => field = value ?? []; } = [];
}

/// <summary>What one access entry hands out today.</summary>
public sealed record RoleSummary
{
    /// <summary>The access entry.</summary>
    [Required]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The number of rules; of a Role in several namespaces, all of them together.</summary>
    public int Rules { get; init; }

    /// <summary>SHA-256 over the canonical form of the rules; it changes when they do.</summary>
    public string? Hash { get; init; }

    /// <summary>Whether a rule holds a wildcard.</summary>
    public bool Wildcard { get; init; }

    /// <summary>Whether the rules let Secrets be read.</summary>
    public bool ReadsSecrets { get; init; }

    /// <summary>Whether the rules let their holder get further rights (escalate, bind, impersonate, mint tokens, write RBAC objects).</summary>
    public bool CanEscalate { get; init; }
}
