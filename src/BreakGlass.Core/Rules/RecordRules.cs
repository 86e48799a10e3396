namespace BreakGlass.Core.Rules;

/// <summary>
/// Whether access that is recorded could have been decided. A user who may write breakglassgrants/status can write a record; what the policy makes it depend
/// on, sealed approvals and its windows, they cannot.
/// </summary>
internal static class RecordRules
{
    /// <summary>What a recorded grant lacks of what its policy asks for; null where it lacks nothing.</summary>
    public static string? Lacks(RequestFacts facts, BreakGlassGrant grant, BreakGlassPolicy policy) =>
        Window(grant, policy.Spec) ?? (facts.SealsUnknown ? null : Approval(facts, grant, policy));

    private static string? Window(BreakGlassGrant grant, PolicySpec policy)
    {
        if (policy.Mode is not PolicyMode.TimeBoxed || policy.Schedule is not { } schedule || grant.Status is not { ActivatedAt: { } from, ExpiresAt: { } to })
            return null;
        return Schedules.At(schedule, from) is { } window && GrantEnd.Recorded(from, to - from, window).At == to
            ? null
            : $"spec.schedule: the time from {Timestamp.Text(from)} to {Timestamp.Text(to)} lies in no window of it";
    }

    private static string? Approval(RequestFacts facts, BreakGlassGrant grant, BreakGlassPolicy policy)
    {
        if (policy.Spec.Approval is null) return null;
        var (from, to) = (grant.Status.ActivatedAt ?? facts.Now, grant.Status.ExpiresAt ?? facts.Now);
        var targets = Targets.Resolve(grant.Status.Access, policy.Spec, grant.Spec.Namespaces, facts.Cluster.Namespaces, facts.Settings);
        var approval = Approvals.Judge(facts, grant, policy, new(null, to - from, grant.Status.Access, targets));
        if (approval.Stage is ApprovalStage.Approved or ApprovalStage.AutoApproved) return null;

        // Who used the bypass holds the policy's one place for it, and no longer than it lasts.
        var bypassed = approval.Stage is not ApprovalStage.Waiting && approval.Denier is null
            && GoDuration.TryParse(policy.Spec.EmergencyBypass?.Duration, out var most) && to - from <= most
            && policy.Status.Holders.Any(h => h.Uid == grant.Metadata.Uid && h.Bypass is true);
        return bypassed ? null : $"spec.approval: {approval.Sentence}";
    }
}
