using BreakGlass.Core.Schema;
using Kube.Client;

namespace BreakGlass.Core.Api;

/// <summary>A key of the caller's <c>extra</c> that must hold one of the values.</summary>
public sealed record RequiredClaim
{
    /// <summary>The key in userInfo.extra.</summary>
    [Required, Length(1, 253)]
    public string Key { get; init => field = value ?? ""; } = "";

    /// <summary>Values of which one must be there.</summary>
    [Required, Items(1, 32), ItemLength(1024)]
    public IReadOnlyList<string> Values { get; init => field = value ?? []; } = [];
}

/// <summary>A role, and where it is given.</summary>
[ValidationRule("[has(self.namespaces), has(self.namespaceSelector), has(self.clusterWide) && self.clusterWide].filter(x, x).size() == 1",
    message: Sentences.OnePlace)]
[ValidationRule("self.roleRef.kind != 'Role' || has(self.namespaces)", message: "roleRef.kind: " + Sentences.RoleNeedsNamespaces)]
public sealed record AccessEntry
{
    /// <summary>The entry's name, unique in the policy. Grants choose entries by it.</summary>
    [Required, Length(1, Bounds.LongestName), Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The role that is given.</summary>
    [Required]
    public RoleReference RoleRef { get; init => field = value ?? new(); } = new();

    /// <summary>Give the role in these namespaces.</summary>
    [Items(1, 256), ItemLength(63), ListSet]
    public IReadOnlyList<string> Namespaces { get; init => field = value ?? []; } = [];

    /// <summary>Give the role in every namespace whose labels match, also in those that come to match while a grant is active. A selector never selects kube-system, kube-public, kube-node-lease and the namespaces of --protected-namespaces: name those in namespaces.</summary>
    public LabelSelector? NamespaceSelector { get; init; }

    /// <summary>Give the role in the whole cluster.</summary>
    public bool? ClusterWide { get; init; }
}

/// <summary>A role by name.</summary>
public sealed record RoleReference
{
    /// <summary>ClusterRole, or Role for one that lives in each of the namespaces.</summary>
    [Required, Enum(ApiWords.RoleKinds)]
    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary>The role's name.</summary>
    [Required, Length(1, 253)]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <inheritdoc/>
    public override string ToString() => $"{Kind}/{Name}";
}

/// <summary>How long a grant lasts.</summary>
[ValidationRule($"duration(self.max) <= duration('{Bounds.LongestGrant}')", message: "max: " + Sentences.LongerThanAGrant)]
[ValidationRule("duration(self.default) <= duration(self.max)", message: "default: " + Sentences.LongerThanMax)]
[ValidationRule("duration(self.default) > duration('0s')", message: "default: " + Sentences.NotPositive)]
public sealed record DurationLimits
{
    /// <summary>Where the grant says nothing.</summary>
    [Default, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string Default { get; init => field = value ?? Bounds.UsualDuration; } = Bounds.UsualDuration;

    /// <summary>The longest a grant may ask for; at most 12h. A grant past it is refused.</summary>
    [Default, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string Max { get; init => field = value ?? Bounds.UsualMaxDuration; } = Bounds.UsualMaxDuration;
}

/// <summary>What a grant must say about its reason.</summary>
public sealed record JustificationRules
{
    /// <summary>The least number of characters of a justification, spaces at its ends not counted.</summary>
    [RangeMinimum(0), RangeMaximum(1024)]
    public int? MinLength { get; init; }

    /// <summary>A regular expression that the ticket must match; a grant without a ticket is then refused.</summary>
    [Length(maxLength: 256)]
    public string? TicketPattern { get; init; }
}

/// <summary>Who must agree before access is given.</summary>
public sealed record ApprovalTerms
{
    /// <summary>How many different people must approve.</summary>
    [Default, RangeMinimum(1), RangeMaximum(10)]
    public int Required { get; init => field = value == 0 ? 1 : value; } = 1;

    /// <summary>Who may approve; never the requester.</summary>
    [Required, Items(1, 64)]
    public IReadOnlyList<Subject> Approvers { get; init => field = value ?? []; } = [];

    /// <summary>No decision within this time, at most 168h: the grant is denied.</summary>
    [Default, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    [ValidationRule("duration(self) > duration('0s')", message: "timeout: " + Sentences.NotPositive)]
    [ValidationRule($"duration(self) <= duration('{Bounds.LongestWait}')", message: "timeout: " + Sentences.LongerThanAWait)]
    public string Timeout { get; init => field = value ?? Bounds.UsualWait; } = Bounds.UsualWait;

    /// <summary>Requests of low risk that need nobody.</summary>
    public AutoApproval? AutoApprove { get; init; }
}

/// <summary>Requests of low risk that need nobody's approval.</summary>
public sealed record AutoApproval
{
    /// <summary>The longest that is approved by itself.</summary>
    [Required, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string MaxDuration { get; init => field = value ?? ""; } = "";

    /// <summary>Only where every rule of the roles is read-only.</summary>
    [Default("true")]
    public bool? ReadOnlyOnly { get; init; }
}

/// <summary>When access can be given.</summary>
public sealed record Schedule
{
    /// <summary>IANA time zone, for example Europe/Berlin.</summary>
    [Required, Length(1, 64)]
    public string TimeZone { get; init => field = value ?? ""; } = "";

    /// <summary>The windows.</summary>
    [Required, Items(1, 32)]
    public IReadOnlyList<ScheduleWindow> Windows { get; init => field = value ?? []; } = [];
}

/// <summary>A window on some days of the week.</summary>
public sealed record ScheduleWindow
{
    /// <summary>The days on which it starts.</summary>
    [Required, Items(1, 7), ListSet, Enum(ApiWords.Days)]
    public IReadOnlyList<string> Days { get; init => field = value ?? []; } = [];

    /// <summary>Local time of its start, for example 22:00.</summary>
    [Required, Length(maxLength: 5), Pattern(Bounds.TimeOfDay)]
    public string Start { get; init => field = value ?? ""; } = "";

    /// <summary>Local time of its end; at or before the start it means the next day.</summary>
    [Required, Length(maxLength: 5), Pattern(Bounds.TimeOfDay)]
    public string End { get; init => field = value ?? ""; } = "";
}

/// <summary>How often a policy may be used.</summary>
public sealed record Limits
{
    /// <summary>The most grants active at the same time.</summary>
    [RangeMinimum(1), RangeMaximum(10000)]
    public int? MaxActive { get; init; }

    /// <summary>The most grants active at the same time for one requester.</summary>
    [RangeMinimum(1), RangeMaximum(10000)]
    public int? MaxActivePerRequester { get; init; }

    /// <summary>
    /// The most requests of one requester that wait at the same time, for approval or for their window; 5 if left out. More are refused when they are made. Grants
    /// of mode BreakGlass do not wait.
    /// </summary>
    [RangeMinimum(1), RangeMaximum(10000)]
    public int? MaxPending { get; init; }

    /// <summary>How long a requester waits after a grant of theirs ended.</summary>
    [Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string? Cooldown { get; init; }
}

/// <summary>How much use is too much.</summary>
public sealed record OveruseRules
{
    /// <summary>Activations within the window past which the policy counts as overused.</summary>
    [Required, RangeMinimum(1), RangeMaximum(100000)]
    public int Activations { get; init; }

    /// <summary>The sliding window; not longer than retainFor, since it is counted from the grants that are kept.</summary>
    [Required, Pattern(GoDuration.Pattern), Length(maxLength: 32), ValidationRule("duration(self) > duration('0s')", message: "window: " + Sentences.NotPositive)]
    public string Window { get; init => field = value ?? ""; } = "";
}

/// <summary>The review after the fact.</summary>
public sealed record ReviewTerms
{
    /// <summary>Whether each grant must be reviewed. Always true for mode BreakGlass.</summary>
    [Default("true")]
    public bool? Required { get; init; }

    /// <summary>How long the reviewers have, counted from the end of the grant.</summary>
    [Default, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string Within { get; init => field = value ?? Bounds.UsualReview; } = Bounds.UsualReview;

    /// <summary>Who may review; never the requester or an approver of the grant. Empty: anybody else who may create reviews.</summary>
    [Items(maxItems: 64)]
    public IReadOnlyList<Subject> Reviewers { get; init => field = value ?? []; } = [];

    /// <summary>Whether a requester gets no further grant of this policy while one of theirs waits for its review.</summary>
    [Default]
    public bool BlockRequesterUntilReviewed { get; init; }
}

/// <summary>Where nobody decides in time.</summary>
public sealed record EmergencyBypass
{
    /// <summary>How long access lasts then, at most; a grant that asks for less gets less.</summary>
    [Required, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    [ValidationRule("duration(self) > duration('0s')", message: "duration: " + Sentences.NotPositive)]
    [ValidationRule($"duration(self) <= duration('{Bounds.LongestGrant}')", message: "duration: " + Sentences.LongerThanAGrant)]
    public string Duration { get; init => field = value ?? ""; } = "";
}
