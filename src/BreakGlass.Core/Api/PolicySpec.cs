using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>What the policy allows.</summary>
[ValidationRule("self.mode != 'BreakGlass' || !has(self.approval)", message: "spec.approval: " + Sentences.NoApproval)]
[ValidationRule("self.mode != 'JustInTime' || has(self.approval)", message: "spec.approval: " + Sentences.ApprovalMissing)]
[ValidationRule("self.mode != 'TimeBoxed' || has(self.schedule)", message: "spec.schedule: " + Sentences.ScheduleMissing)]
[ValidationRule("self.mode == 'TimeBoxed' || !has(self.schedule)", message: "spec.schedule: " + Sentences.OnlyTimeBoxed)]
[ValidationRule("self.mode != 'BreakGlass' || !has(self.review) || !has(self.review.required) || self.review.required",
    message: "spec.review.required: " + Sentences.AlwaysReviewed)]
[ValidationRule("self.mode == 'JustInTime' || !has(self.emergencyBypass)", message: "spec.emergencyBypass: " + Sentences.OnlyJustInTime)]
[ValidationRule("self.credential != 'BindRequester' || !has(self.session) || !has(self.session.path) || self.session.path != 'Gateway'",
    message: "spec.session.path: " + Sentences.GatewayNeedsToken)]
[ValidationRule("self.credential != 'BindRequester' || !has(self.vouchers)", message: "spec.vouchers: " + Sentences.VouchersNeedToken)]
public sealed record PolicySpec
{
    /// <summary>The purpose of the policy, for people.</summary>
    [Length(maxLength: 1024)]
    public string? Description { get; init; }

    /// <summary>BreakGlass: immediate access that is reviewed afterwards. JustInTime: access after approval. TimeBoxed: access in a planned window.</summary>
    [Required]
    public PolicyMode? Mode { get; init; }

    /// <summary>Who can request access. Admission refuses grants of all other users.</summary>
    [Required, Items(1, 64)]
    public IReadOnlyList<Subject> Requesters { get; init => field = value ?? []; } = [];

    /// <summary>Claims that the requester's login must have, for example a second factor. All of them are required.</summary>
    [Items(maxItems: 16)]
    public IReadOnlyList<RequiredClaim> RequireClaims { get; init => field = value ?? []; } = [];

    /// <summary>The most that one grant can give. A grant can request a part of it.</summary>
    [Required, Items(1, 16), ListMap("name")]
    public IReadOnlyList<AccessEntry> Access { get; init => field = value ?? []; } = [];

    /// <summary>How the requester gets access: by a token of a ServiceAccount for the grant only, or by a binding of the requester's own user name.</summary>
    [Default]
    public CredentialKind Credential { get; init; }

    /// <summary>How long a grant gives access.</summary>
    [Default]
    public DurationLimits Duration { get; init => field = value ?? new(); } = new();

    /// <summary>
    /// Ends a grant that was not used for this time. The operator must receive the API server's audit events, or the gateway must record the grant's requests
    /// (session.path and session.record); otherwise the operator refuses the policy.
    /// </summary>
    [Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string? IdleTimeout { get; init; }

    /// <summary>What a request must contain as its reason.</summary>
    public JustificationRules? Justification { get; init; }

    /// <summary>Who must approve before the grant becomes active. Required for JustInTime, optional for TimeBoxed, not allowed for BreakGlass.</summary>
    public ApprovalTerms? Approval { get; init; }

    /// <summary>The windows in which grants can be active. Required for TimeBoxed, not allowed for other modes.</summary>
    public Schedule? Schedule { get; init; }

    /// <summary>How many grants can be active or waiting at the same time, and the time between them. Default: only waiting requests have a limit.</summary>
    public Limits? Limits { get; init; }

    /// <summary>How many activations are too many. Above that, the condition Overused is True; grants are still given.</summary>
    public OveruseRules? Overuse { get; init; }

    /// <summary>The review after a grant's end. Always required for BreakGlass.</summary>
    public ReviewTerms? Review { get; init; }

    /// <summary>Activates a request that was not decided in time, for a shorter time, with a warning and a required review. JustInTime only.</summary>
    public EmergencyBypass? EmergencyBypass { get; init; }

    /// <summary>What happens if the rules of a role change after the policy was written.</summary>
    [Default]
    public RolePinning RolePinning { get; init; }

    /// <summary>What the persistence guard allows grants of this policy to do, although it can outlive a grant. Default: nothing.</summary>
    [Enum(ApiWords.Persistence), Items(maxItems: 5), ListSet]
    public IReadOnlyList<string> AllowPersistence { get; init => field = value ?? []; } = [];

    /// <summary>
    /// What happens to objects that a grant's identity created and that exist when the grant ends. Report: the operator lists them in the grant's
    /// status.residue. Remove: the garbage collector deletes them with the grant's binding.
    /// </summary>
    [Default]
    public LeftoverHandling Leftovers { get; init; }

    /// <summary>
    /// Whether access waits for the journal. BestEffort: access is given without waiting. Required: no access is given before the journal contains the
    /// decision; if the journal cannot be written until the approval timeout (2 minutes without one), the grant is denied. Default: the operator's
    /// --journal-default.
    /// </summary>
    public JournalMode? Journal { get; init; }

    /// <summary>How a grant reaches the API server, and what follows from what is done with it.</summary>
    public SessionTerms? Session { get; init; }

    /// <summary>
    /// Which vouchers give access by this policy: access that an offline key approved and signed beforehand, for an emergency in which the identity
    /// provider is down. Requires credential ServiceAccountToken. Default: none.
    /// </summary>
    public VoucherTerms? Vouchers { get; init; }

    /// <summary>
    /// Whether the operator can rehearse this policy (BreakGlassDrill). Allowed: the operator's own drill identity gets grants of the policy, uses them, and
    /// revokes them or lets them expire. They count for no limit and need no review, and only the drill identity can use them.
    /// </summary>
    [Default]
    public DrillPermission Drills { get; init; }

    /// <summary>How long the operator keeps a finished grant as a record before it deletes it.</summary>
    [Default, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string RetainFor { get; init => field = value ?? Bounds.UsualRetention; } = Bounds.UsualRetention;

    /// <summary>If true, the operator denies new grants and revokes active ones.</summary>
    [Default]
    public bool Suspended { get; init; }
}
