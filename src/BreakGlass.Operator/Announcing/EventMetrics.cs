namespace BreakGlass.Operator.Announcing;

/// <summary>Which metrics count what happened.</summary>
internal static class EventMetrics
{
    /// <summary>What happened to an object. The use of a voucher by a drill does not count: each use that counts calls for somebody.</summary>
    public static void Count(OperatorMetrics metrics, IKubernetesObject<V1ObjectMeta> about, GrantEvent happened, bool isDrill)
    {
        if (happened.Anomaly is { } kind && about is BreakGlassGrant grant) metrics.Anomaly(grant.Spec.Policy, kind);
        if (happened is { Reason: EventReasons.VoucherUsed, Authority: { } authority } && !isDrill) metrics.VoucherUsed(authority.Metadata.Name);
        if (happened is { Reason: EventReasons.DriftRepaired, Object: { } repaired }) metrics.DriftRepaired(repaired.KindName);
        if (happened is { Reason: EventReasons.OrphanRemoved, Object: { } removed }) metrics.OrphanRemoved(removed.KindName);
    }

    /// <summary>A transition counts by its phase: an event of a grant whose phase was already set by hand does not count again.</summary>
    public static void Count(OperatorMetrics metrics, BreakGlassGrant before, BreakGlassGrant after, BreakGlassPolicy? policy, bool isDrill)
    {
        if (before.Status.Phase == after.Status.Phase) return;
        var name = after.Spec.Policy;
        switch (after.Status.Phase)
        {
            case GrantPhase.Active:
                if (isDrill) metrics.Drilled(name);
                else metrics.Activated(name, policy?.Spec.Mode ?? PolicyMode.BreakGlass);
                if (after.Status.IsBypassed) metrics.Bypassed(name);
                break;
            case GrantPhase.Denied:
            case GrantPhase.Failed when !before.Status.WasActive:
                metrics.Denied(name, after.Status.Transitions[^1].Reason);
                break;
            case GrantPhase.Failed:
            case GrantPhase.Expired or GrantPhase.Revoked when after.Status.IsRecorded:
                metrics.Revoked(name, after.Status.EndReason ?? EndReason.Expired);
                break;
        }
    }
}
