using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;
using BreakGlass.Core.Sessions;

namespace BreakGlass.Core.Lifecycle;

/// <summary>All that is known of one grant at one moment.</summary>
public sealed record GrantFacts : RequestFacts
{
    /// <summary>The grant's name.</summary>
    public required string Name { get; init; }

    /// <summary>The grant, or null where it is gone.</summary>
    public BreakGlassGrant? Grant { get; init; }

    /// <summary>The policy that it names, or null where there is none.</summary>
    public BreakGlassPolicy? Policy { get; init; }

    /// <summary>The seal of the grant.</summary>
    public SealState Seal { get; init; } = SealState.Missing;

    /// <summary>The seal of the policy.</summary>
    public SealState PolicySeal { get; init; } = SealState.Missing;

    /// <summary>The authority whose vouchers the policy accepts; null if it does not exist, or the policy accepts none.</summary>
    public BreakGlassAuthority? Authority { get; init; }

    /// <summary>The seal of the authority.</summary>
    public SealState AuthoritySeal { get; init; } = SealState.Missing;

    /// <summary>Another grant that was given access by the same voucher; null if none is known.</summary>
    public string? VoucherUsedBy { get; init; }

    /// <summary>What decides about the grant's voucher.</summary>
    internal VoucherFacts Vouchers => new()
    {
        Authority = Authority,
        Seal = SealsUnknown ? null : AuthoritySeal,
        Now = Now,
        RequestedAt = Grant?.Metadata.CreatedAt ?? Now,

        // Clocks that differ deny no request: by the slowest of them it has to be too late.
        Tolerance = ClockSkew?.Duration() > VoucherRules.Tolerance ? ClockSkew.Value.Duration() : VoucherRules.Tolerance,
        UsedBy = VoucherUsedBy,
    };

    /// <summary>When the grant's access ends, whatever its policy says; null if there is none, or it is over.</summary>
    public GrantEnd? Due => Grant is null ? null : GrantEnd.Of(Grant, Settings);

    /// <summary>When the grant's access ends as its policy stands now; null if there is none, or it is over.</summary>
    public GrantEnd? End => Grant is null ? null : GrantEnd.Of(Grant, Policy, Settings);

    /// <summary>When the grant's access ends if it is not used again; null if there is none, or it is over.</summary>
    public GrantEnd? IdleEnd => Grant is null ? null : GrantEnd.OfIdle(Grant, Policy, LastUse, Settings);

    /// <summary>
    /// Whether what shows the use of the grant arrives: the API server's audit events, or what the gateway reports if the grant is used through it. Null if
    /// nothing shows it.
    /// </summary>
    public AuditArrival? Audit { get; init; }

    /// <summary>When the grant was last used, as the events say that have arrived; null if none says so.</summary>
    public DateTimeOffset? LastActivityAt { get; init; }

    /// <summary>
    /// When the grant was last used, by the events or by its status, whichever is later. A stream that is open is in use, unless the gateway shows whether
    /// anything goes over it.
    /// </summary>
    internal DateTimeOffset? LastUse => Grant?.Status.Session switch
    {
        { OpenStreams: > 0 } when !GatewayRules.ShowsUse(Grant.Status) => Now,
        { LastActivityAt: { } written } when !(LastActivityAt > written) => written,
        _ => LastActivityAt,
    };

    /// <summary>What is unusual about the use of the grant, as the events say that have arrived.</summary>
    public IReadOnlyList<Anomaly> Anomalies { get; init; } = [];

    /// <summary>
    /// Whether somebody vouches for the policy as it stands. What was written into it past the webhooks allows nothing, and has nothing deleted.
    /// </summary>
    internal bool PolicyIsVouchedFor => PolicySeal is SealState.Valid;

    /// <summary>The seal of what the grant's status records.</summary>
    public SealState RecordSeal { get; init; } = SealState.Missing;

    /// <summary>The reviews of the grant whose stamps are believed.</summary>
    public IReadOnlyList<BreakGlassReview> Reviews { get; init; } = [];

    /// <summary>All lockdowns, sealed or not.</summary>
    public IReadOnlyList<BreakGlassLockdown> Lockdowns { get; init; } = [];

    /// <summary>Objects that carry the grant's name as label, and those found under names that we wanted to use.</summary>
    public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Objects { get; init; } = [];

    /// <summary>How far our clocks are from the API server's, by the worst answer that nothing has contradicted yet; null where unknown.</summary>
    public TimeSpan? ClockSkew { get; init; }

    /// <summary>What happened lately to objects of the grant: what the server refused, and what others fight over.</summary>
    public IReadOnlyList<PlaceHistory> Histories { get; init; } = [];

    /// <summary>What is known of the journal that concerns the grant; null where the operator has no journal.</summary>
    public JournalFacts? Journal { get; init; }

    /// <summary>What this run of the reconciler came to know on its way; not in any cache.</summary>
    public RunFindings Findings { get; init; } = RunFindings.Fresh;

    /// <summary>The same facts with what is to be made of each stamp among them.</summary>
    public GrantFacts JudgedBy(SealCheck check) => Grant is not { } grant ? this : this with
    {
        Seal = check.Of(grant),
        PolicySeal = Policy is null ? SealState.Missing : check.Of(Policy),
        AuthoritySeal = Authority is null ? SealState.Missing : check.Of(Authority),
        RecordSeal = check.OfRecord(grant),
        Approvals = check.Believed(Approvals, grant),
        Reviews = check.Believed(Reviews, grant),
    };
}
