using BreakGlass.Core.Model;

namespace BreakGlass.Core.Rules;

/// <summary>
/// When access ends, and what sets this time: of everything that limits the access, the earliest. All that depends on the end reads it here.
/// </summary>
/// <param name="At">When.</param>
/// <param name="By">What sets it.</param>
public sealed record GrantEnd(DateTimeOffset At, EndLimit By)
{
    /// <summary>
    /// The end of a grant's access, whatever its policy says now; null if there is no access, or it is over. A forged status can shorten a grant but
    /// not stretch it past what any policy could give, counted from what only the API server writes.
    /// </summary>
    public static GrantEnd? Of(BreakGlassGrant grant, CoreSettings settings)
    {
        if (grant.Status.ExpiresAt is not { } recorded || grant.Status.IsTerminal) return null;
        DateTimeOffset? latestStart = grant.Metadata.CreatedAt is { } created ? LatestStart(grant, created) + settings.LatestActivation : null;
        return new GrantEnd(recorded, EndLimit.Record)
            .AtMost(Later(grant.Status.ActivatedAt, BreakGlassApi.LongestGrant), EndLimit.LongestGrant)
            .AtMost(Later(latestStart, BreakGlassApi.LongestGrant), EndLimit.LongestGrant);
    }

    /// <summary>The end of a grant's access as its policy stands now: its maximum may have become shorter since the grant was recorded.</summary>
    public static GrantEnd? Of(BreakGlassGrant grant, BreakGlassPolicy? policy, CoreSettings settings) =>
        Of(grant, settings)?
            .AtMost(GoDuration.TryParse(policy?.Spec.Duration.Max, out var max) ? Later(grant.Status.ActivatedAt, max) : null, EndLimit.Policy)
            .AtMost(
                VoucherRules.IsByVoucher(grant.Spec) && GoDuration.TryParse(policy?.Spec.Vouchers?.MaxDuration, out var most)
                    ? Later(grant.Status.ActivatedAt, most) : null, EndLimit.Policy);

    /// <summary>
    /// The end of a grant's access if it is not used again, as its policy stands now. It is never later than the end that the policy gives. Whether nobody
    /// used the grant is known only once audit events have arrived that are later than this.
    /// </summary>
    /// <param name="grant">The grant.</param>
    /// <param name="policy">Its policy.</param>
    /// <param name="lastUse">When it was last used; null if it never was.</param>
    /// <param name="settings">The operator's set-up.</param>
    public static GrantEnd? OfIdle(BreakGlassGrant grant, BreakGlassPolicy? policy, DateTimeOffset? lastUse, CoreSettings settings)
    {
        var from = lastUse > grant.Status.ActivatedAt ? lastUse : grant.Status.ActivatedAt;
        return Of(grant, policy, settings)?.AtMost(
            GoDuration.TryParse(policy?.Spec.IdleTimeout, out var idle) && idle > TimeSpan.Zero ? Later(from, idle) : null, EndLimit.Idle);
    }

    /// <summary>The end that is recorded for access that is given now, in a window of the policy's schedule if it has one.</summary>
    public static GrantEnd Recorded(DateTimeOffset start, TimeSpan duration, Window? window) =>
        new GrantEnd(start + duration, EndLimit.Record).AtMost(window?.End, EndLimit.Window);

    /// <summary>The end of access with a grant's token, as the record says it.</summary>
    public static GrantEnd OfToken(GrantStatus status) =>
        new GrantEnd(status.ExpiresAt ?? default, EndLimit.Record).AtMost(status.CredentialExpiresAt, EndLimit.Token);

    /// <summary>
    /// The end of what a grant's object gives, by what is written on it alone; null if nothing is. Without its annotation, no grant that made it can still be
    /// active after the longest time.
    /// </summary>
    public static GrantEnd? OfObject(IKubernetesObject<V1ObjectMeta> o)
    {
        var (written, latest) = (o.AnnotationsOrEmpty.GetValueOrDefault(BreakGlassApi.ExpiresAtAnnotation),
            Later(o.Metadata.CreatedAt, BreakGlassApi.LongestGrant));
        if (Timestamp.TryParse(written, out var recorded)) return new GrantEnd(recorded, EndLimit.Record).AtMost(latest, EndLimit.LongestGrant);
        return latest is { } at ? new(at, EndLimit.LongestGrant) : null;
    }

    /// <summary>This end, or another limit if that is earlier.</summary>
    private GrantEnd AtMost(DateTimeOffset? at, EndLimit by) => at < At ? new(at.Value, by) : this;

    /// <summary>The last moment from which access could have been given: a planned start, and approvers, may have it wait.</summary>
    private static DateTimeOffset LatestStart(BreakGlassGrant grant, DateTimeOffset created)
    {
        var farthest = Timestamp.After(created, StartRules.FarthestAhead);
        var latest = grant.Spec.StartTime is not { } start || start < created ? created : start < farthest ? start : farthest;
        var waited = grant.Status.Approvals.Count > 0 || grant.Status.IsBypassed || grant.Status.Transitions.Any(t => t.To is GrantPhase.AwaitingApproval);
        var decided = Timestamp.After(created, ApprovalRules.LongestWait);
        return waited && decided > latest ? decided : latest;
    }

    private static DateTimeOffset? Later(DateTimeOffset? time, TimeSpan span) => time is { } at ? Timestamp.After(at, span) : null;
}
