using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>A key of the requester's <c>userInfo.extra</c> that must have one of the values.</summary>
public sealed record RequiredClaim
{
    /// <summary>The key in userInfo.extra.</summary>
    [Required, Length(1, 253)]
    public string Key { get; init => field = value ?? ""; } = "";

    /// <summary>The accepted values. One of them is enough.</summary>
    [Required, Items(1, 32), ItemLength(1024)]
    public IReadOnlyList<string> Values { get; init => field = value ?? []; } = [];
}

/// <summary>A role, and the places in which it is given.</summary>
[ValidationRule("[has(self.namespaces), has(self.namespaceSelector), has(self.clusterWide) && self.clusterWide].filter(x, x).size() == 1",
    message: Sentences.OnePlace)]
[ValidationRule("self.roleRef.kind != 'Role' || has(self.namespaces)", message: "roleRef.kind: " + Sentences.RoleNeedsNamespaces)]
public sealed record AccessEntry
{
    /// <summary>The entry's name, unique in the policy. Grants select entries by name.</summary>
    [Required, Length(1, Bounds.LongestName), Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The role that is given.</summary>
    [Required]
    public RoleReference RoleRef { get; init => field = value ?? new(); } = new();

    /// <summary>The namespaces in which the role is given.</summary>
    [Items(1, 256), ItemLength(63), ListSet]
    public IReadOnlyList<string> Namespaces { get; init => field = value ?? []; } = [];

    /// <summary>
    /// Gives the role in every namespace with matching labels, also in those that match later while a grant is active. It never selects kube-system,
    /// kube-public, kube-node-lease and the namespaces of --protected-namespaces: list those in namespaces.
    /// </summary>
    public LabelSelector? NamespaceSelector { get; init; }

    /// <summary>If true, the role is given in the whole cluster.</summary>
    public bool? ClusterWide { get; init; }
}

/// <summary>A role by name.</summary>
public sealed record RoleReference
{
    /// <summary>ClusterRole, or Role for a role that exists in each of the namespaces.</summary>
    [Required, Enum(ApiWords.RoleKinds)]
    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary>The role's name.</summary>
    [Required, Length(1, 253)]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <inheritdoc/>
    public override string ToString() => $"{Kind}/{Name}";
}

/// <summary>How long a grant gives access.</summary>
[ValidationRule($"duration(self.max) <= duration('{Bounds.LongestGrant}')", message: "max: " + Sentences.LongerThanAGrant)]
[ValidationRule("duration(self.default) <= duration(self.max)", message: "default: " + Sentences.LongerThanMax)]
[ValidationRule("duration(self.default) > duration('0s')", message: "default: " + Sentences.NotPositive)]
public sealed record DurationLimits
{
    /// <summary>The duration of a grant that does not set one. More than zero, and at most max.</summary>
    [Default, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string Default { get; init => field = value ?? Bounds.UsualDuration; } = Bounds.UsualDuration;

    /// <summary>The longest duration that a grant can request; at most 12h.</summary>
    [Default, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string Max { get; init => field = value ?? Bounds.UsualMaxDuration; } = Bounds.UsualMaxDuration;
}

/// <summary>What a request must contain as its reason.</summary>
public sealed record JustificationRules
{
    /// <summary>The minimum number of visible characters in a justification.</summary>
    [RangeMinimum(0), RangeMaximum(1024)]
    public int? MinLength { get; init; }

    /// <summary>A regular expression that the ticket must match. If it is set, a ticket is required.</summary>
    [Length(maxLength: 256)]
    public string? TicketPattern { get; init; }
}

/// <summary>Who must approve before the grant becomes active.</summary>
public sealed record ApprovalTerms
{
    /// <summary>How many different people must approve.</summary>
    [Default, RangeMinimum(1), RangeMaximum(10)]
    public int Required { get; init => field = value == 0 ? 1 : value; } = 1;

    /// <summary>Who can approve or deny. Requesters can never decide on their own requests.</summary>
    [Required, Items(1, 64)]
    public IReadOnlyList<Subject> Approvers { get; init => field = value ?? []; } = [];

    /// <summary>How long a request waits for a decision before it is denied, or activated by emergencyBypass. More than zero, and at most 168h.</summary>
    [Default, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    [ValidationRule("duration(self) > duration('0s')", message: "timeout: " + Sentences.NotPositive)]
    [ValidationRule($"duration(self) <= duration('{Bounds.LongestWait}')", message: "timeout: " + Sentences.LongerThanAWait)]
    public string Timeout { get; init => field = value ?? Bounds.UsualWait; } = Bounds.UsualWait;

    /// <summary>Low-risk requests that do not need an approver. Default: none.</summary>
    public AutoApproval? AutoApprove { get; init; }
}

/// <summary>Low-risk requests that do not need an approver.</summary>
public sealed record AutoApproval
{
    /// <summary>The longest duration that is approved automatically.</summary>
    [Required, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string MaxDuration { get; init => field = value ?? ""; } = "";

    /// <summary>If true, only requests whose roles are read-only are approved automatically.</summary>
    [Default("true")]
    public bool? ReadOnlyOnly { get; init; }
}

/// <summary>The windows in which grants can be active.</summary>
public sealed record Schedule
{
    /// <summary>The IANA time zone of the windows, for example Europe/Berlin.</summary>
    [Required, Length(1, 64)]
    public string TimeZone { get; init => field = value ?? ""; } = "";

    /// <summary>The windows. A grant must start in one of them, and ends at its end at the latest.</summary>
    [Required, Items(1, 32)]
    public IReadOnlyList<ScheduleWindow> Windows { get; init => field = value ?? []; } = [];
}

/// <summary>A window on certain days of the week.</summary>
public sealed record ScheduleWindow
{
    /// <summary>The days on which the window starts.</summary>
    [Required, Items(1, 7), ListSet, Enum(ApiWords.Days)]
    public IReadOnlyList<string> Days { get; init => field = value ?? []; } = [];

    /// <summary>The local start time, for example "22:00" in quotes.</summary>
    [Required, Length(maxLength: 5), Pattern(Bounds.TimeOfDay)]
    public string Start { get; init => field = value ?? ""; } = "";

    /// <summary>The local end time. If it is not after the start, the window ends on the next day.</summary>
    [Required, Length(maxLength: 5), Pattern(Bounds.TimeOfDay)]
    public string End { get; init => field = value ?? ""; } = "";
}

/// <summary>How many grants of a policy can be active or waiting at the same time, and the time between them.</summary>
public sealed record Limits
{
    /// <summary>The maximum number of grants that are active at the same time. Default: no limit.</summary>
    [RangeMinimum(1), RangeMaximum(10000)]
    public int? MaxActive { get; init; }

    /// <summary>The maximum number of grants of one requester that are active at the same time. Default: no limit.</summary>
    [RangeMinimum(1), RangeMaximum(10000)]
    public int? MaxActivePerRequester { get; init; }

    /// <summary>
    /// The maximum number of requests of one requester that wait at the same time for approval or their window. Default: 5. Admission refuses more. Grants
    /// of mode BreakGlass do not wait.
    /// </summary>
    [RangeMinimum(1), RangeMaximum(10000)]
    public int? MaxPending { get; init; }

    /// <summary>The time after the end of a grant in which its requester cannot get another one. Default: none.</summary>
    [Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string? Cooldown { get; init; }
}

/// <summary>How many activations are too many.</summary>
public sealed record OveruseRules
{
    /// <summary>The number of activations within the window above which the policy counts as overused.</summary>
    [Required, RangeMinimum(1), RangeMaximum(100000)]
    public int Activations { get; init; }

    /// <summary>The sliding window. More than zero and at most retainFor, because the operator counts the grants that are kept.</summary>
    [Required, Pattern(GoDuration.Pattern), Length(maxLength: 32), ValidationRule(
        "duration(self) > duration('0s')", message: "window: " + Sentences.NotPositive)]
    public string Window { get; init => field = value ?? ""; } = "";
}

/// <summary>The review after a grant's end.</summary>
public sealed record ReviewTerms
{
    /// <summary>Whether each grant must be reviewed. Always true for mode BreakGlass.</summary>
    [Default("true")]
    public bool? Required { get; init; }

    /// <summary>The time for the review, counted from the end of the grant. After that, the review is reported as overdue.</summary>
    [Default, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string Within { get; init => field = value ?? Bounds.UsualReview; } = Bounds.UsualReview;

    /// <summary>Who can review, except the requester and approvers of the grant. If empty: everybody else who can create reviews.</summary>
    [Items(maxItems: 64)]
    public IReadOnlyList<Subject> Reviewers { get; init => field = value ?? []; } = [];

    /// <summary>If true, a requester gets no other grant of this policy while one of their grants waits for its review.</summary>
    [Default]
    public bool BlockRequesterUntilReviewed { get; init; }
}

/// <summary>Access without approval if nobody decides in time.</summary>
public sealed record EmergencyBypass
{
    /// <summary>The maximum duration of such access. More than zero, and at most 12h. A shorter request gets the shorter duration.</summary>
    [Required, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    [ValidationRule("duration(self) > duration('0s')", message: "duration: " + Sentences.NotPositive)]
    [ValidationRule($"duration(self) <= duration('{Bounds.LongestGrant}')", message: "duration: " + Sentences.LongerThanAGrant)]
    public string Duration { get; init => field = value ?? ""; } = "";
}
