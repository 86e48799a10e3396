namespace BreakGlass.Operator.Execution;

/// <summary>Counts what a written status means.</summary>
internal static class GrantMeasures
{
    public static void Count(OperatorMetrics metrics, BreakGlassGrant before, BreakGlassGrant after, BreakGlassPolicy? policy, DateTimeOffset now)
    {
        if (before.Status.Phase == after.Status.Phase) return;
        var name = after.Spec.Policy;
        switch (after.Status.Phase)
        {
            case GrantPhase.Active:
                metrics.Activated(name, policy?.Spec.Mode ?? PolicyMode.BreakGlass);
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
