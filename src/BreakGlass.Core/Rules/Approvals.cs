using static BreakGlass.Core.Model.DenialReasons;

namespace BreakGlass.Core.Rules;

/// <summary>Counts approvals: by different people, never the requester's own, each judged by the approver's own stamp.</summary>
internal static class Approvals
{
    private static readonly IReadOnlyList<ApprovalRecord> None = [];

    public static ApprovalOutcome Judge(RequestFacts facts, BreakGlassGrant grant, BreakGlassPolicy policy, Verdict verdict)
    {
        if (policy.Spec.Approval is not { } terms)
        {
            return new(ApprovalStage.NotRequired, policy.Spec.Mode is PolicyMode.BreakGlass
                ? "Policies of mode BreakGlass give access immediately; it is reviewed afterwards."
                : $"Policy '{policy.Metadata.Name}' does not require approval.", null, None);
        }

        var created = grant.Metadata.CreatedAt ?? facts.Now;
        var until = Timestamp.After(created, GoDuration.TryParse(terms.Timeout, out var timeout) ? timeout : TimeSpan.Zero);
        var valid = Valid(facts, grant, policy);
        if (valid.FirstOrDefault(a => a.Spec.Decision == ApprovalRules.Deny) is { } no) return Refused(no, Records(valid));

        var yes = valid.Where(a => a.Metadata.CreatedAt is not { } at || at <= until).ToList();
        var records = Records(yes);

        // The drill approver stands for all approvers of the policy.
        var drill = yes.Where(a => DrillRules.IsApproverOf(a.Spec.Approver!, grant)).ToList();
        if (yes.Count >= terms.Required || drill.Count > 0)
        {
            var names = string.Join(", ", yes.Select(a => Callers.Shown(a.Spec.Approver)));
            var enough = drill.Count > 0 ? drill : yes.Take(terms.Required);
            return new(ApprovalStage.Approved, $"Approved by {names}.", enough.Max(a => a.Metadata.CreatedAt), records);
        }

        if (ApprovesItself(terms.AutoApprove, verdict, facts.Cluster))
        {
            return new(ApprovalStage.AutoApproved,
                $"At most {terms.AutoApprove!.MaxDuration}{(terms.AutoApprove.ReadOnlyOnly is false ? "" : " and read-only")}: the policy approves such "
                    + "requests automatically.", created, records);
        }

        var count = $"{yes.Count} of {terms.Required} approval(s)";

        // In a drill, the bypass would hide that nobody came.
        var bypass = DrillRules.IsDrill(grant, facts.Settings) ? null : policy.Spec.EmergencyBypass;
        if (facts.Now < until)
        {
            return new(ApprovalStage.Waiting,
                $"{count} so far. Ask {Subjects.Describe(terms.Approvers)} to create a BreakGlassApproval for "
                    + $"'{grant.Metadata.Name}' before {Timestamp.Text(until)}; without a decision by "
                    + $"then {(bypass is null
                        ? "the request is denied" : "the grant becomes active anyway, for a shorter time, and is reviewed")}.",
                null, records) { Until = until };
        }

        return bypass is not null ? Bypass(LimitRules.OpenBypass(policy, grant, facts.Siblings), bypass, terms, count, until,
            records) : TimedOut($"{count} within {terms.Timeout}", terms, "", until, records);
    }

    /// <summary>The decisions that count, oldest first, one for each person; a Deny outweighs an Approve of the same person.</summary>
    private static List<BreakGlassApproval> Valid(RequestFacts facts, BreakGlassGrant grant, BreakGlassPolicy policy)
    {
        var voices = new List<BreakGlassApproval>();
        var counting = facts.Approvals
            .Where(a => ApprovalRules.Check(a, grant, policy) is null)
            .OrderByDescending(a => a.Spec.Decision == ApprovalRules.Deny)
            .ThenBy(a => a.Metadata.CreatedAt)
            .ThenBy(a => a.Metadata.Name, StringComparer.Ordinal);
        foreach (var approval in counting)
        {
            if (!voices.Exists(v => Callers.Same(v.Spec.Approver, approval.Spec.Approver))) voices.Add(approval);
        }

        return voices;
    }

    private static IReadOnlyList<ApprovalRecord> Records(List<BreakGlassApproval> approvals) =>
        [.. approvals.Select(a => new ApprovalRecord { Approver = a.Spec.Approver!.Username, Uid = a.Spec.Approver.Uid, Person = a.Spec.Approver.Person,
            Decision = a.Spec.Decision, At = a.Metadata.CreatedAt ?? default })];

    private static ApprovalOutcome Refused(BreakGlassApproval no, IReadOnlyList<ApprovalRecord> records)
    {
        var who = Callers.Shown(no.Spec.Approver);
        var comment = string.IsNullOrWhiteSpace(no.Spec.Comment) ? "" : $" ({VisibleText.Line(no.Spec.Comment.Trim().TrimEnd('.'))})";
        var problem = new Problem(
            DeniedByApprover, "spec.policy", $"approver '{who}' denied the request{comment}; talk to them, and create a new grant if they agree");
        return new(ApprovalStage.Denied, $"Denied by {who}{comment}.", no.Metadata.CreatedAt, records) { Denial = problem, Denier = who };
    }

    private static ApprovalOutcome TimedOut(string count, ApprovalTerms terms, string more, DateTimeOffset until, IReadOnlyList<ApprovalRecord> records)
    {
        var problem = new Problem(ApprovalTimeout, "spec.policy",
            $"there were only {count}; approvals that were deleted, or whose approver is no longer allowed to decide, do not count{more}. Make sure that an "
                + $"approver is available ({Subjects.Describe(terms.Approvers)}), and create a new grant");
        return new(ApprovalStage.Denied, $"There were {count}.", until, records) { Denial = problem };
    }

    private static ApprovalOutcome Bypass(
        string? open, EmergencyBypass bypass, ApprovalTerms terms, string count, DateTimeOffset until, IReadOnlyList<ApprovalRecord> records)
    {
        if (open is not null)
        {
            return TimedOut($"{count} within {terms.Timeout}", terms,
                $"; the policy's emergency bypass is blocked until grant '{open}', which used it, is reviewed", until, records);
        }

        var most = GoDuration.TryParse(bypass.Duration, out var duration) ? duration : TimeSpan.Zero;
        return new(ApprovalStage.Bypassed,
            $"EMERGENCY BYPASS: {count} within {terms.Timeout}, so the policy gives access without approval, for at most {bypass.Duration}. This access must "
                + "be reviewed; until then, the bypass is blocked for other grants.",
            until, records) { AtMost = most };
    }

    private static bool ApprovesItself(AutoApproval? terms, Verdict verdict, ClusterView cluster)
    {
        if (terms is null || !GoDuration.TryParse(terms.MaxDuration, out var most) || verdict.Duration > most) return false;
        return terms.ReadOnlyOnly is false || verdict.Targets.All(t => IsReadOnly(cluster.RulesOf(t.Role, t.Namespace)));
    }

    /// <summary>A role without rules may be an aggregated one that is not filled yet, so it does not count as read-only.</summary>
    private static bool IsReadOnly(IReadOnlyList<V1PolicyRule> rules) => rules.Count > 0 && RoleRisk.IsReadOnly(rules);
}
