using BreakGlass.Cli.Policies;

namespace BreakGlass.Cli.Commands;

/// <summary>What a policy would say to somebody now.</summary>
internal sealed record Usability(BreakGlassPolicy Policy, PolicyUse Usable, string Reason, string Why)
{
    public Cell Cell => Usable switch
    {
        PolicyUse.Yes => new("yes", Tone.Good),
        PolicyUse.AfterApproval => new("after approval", Tone.Waiting),
        PolicyUse.Later => new("later", Tone.Waiting),
        PolicyUse.Unknown => new("perhaps", Tone.Waiting),
        _ => new("no", Tone.Bad),
    };

    /// <summary>Applies the operator's rules to a request without justification and ticket, which the person adds later.</summary>
    public static Usability Of(BreakGlassPolicy policy, Caller? me, VisibleCluster around, DateTimeOffset now)
    {
        if (Conditions.Find(policy.Status.Conditions, PolicyConditions.Ready) is { Status: "False" } unready)
            return new(policy, PolicyUse.No, unready.Reason, unready.Message);
        if (me is null) return new(policy, PolicyUse.Unknown, "IdentityUnknown", $"for {Subjects.Describe(policy.Spec.Requesters)}");
        var status = SimulatedRun.Run(new()
        {
            Now = now,
            Settings = AssumedCluster.Settings,
            Name = "rehearsal",
            Grant = new()
            {
                Metadata = new() { Name = "rehearsal", Uid = "rehearsal", CreatedAt = now, Generation = 1 },
                Spec = new() { Policy = policy.Metadata.Name, Justification = "rehearsal", Requester = me },
            },
            Policy = policy with { Spec = policy.Spec with { Justification = null } },
            Cluster = around.View(policy),
            Lockdowns = around.Lockdowns,
            Siblings = [.. around.Grants.Where(g => g.Spec.Policy == policy.Metadata.Name)],
        });
        var reason = status.Transitions is [.., var last] ? last.Reason : "";
        var grant = new BreakGlassGrant { Status = status };
        return SimulatedRun.Phase(status) switch
        {
            GrantPhase.Active => new(policy, PolicyUse.Yes, GrantConditions.PolicyAllows, Takes(policy, "immediate access")),
            GrantPhase.AwaitingApproval => new(policy, PolicyUse.AfterApproval, reason,
                Takes(policy, $"needs {policy.Spec.Approval?.Required ?? 1} approval(s) of {Subjects.Describe(policy.Spec.Approval?.Approvers ?? [])}")),
            GrantPhase.Denied when reason == DenialReasons.OutsideWindow => new(policy, PolicyUse.Later, reason, Grants.GrantWords.Why(grant)),
            _ => new(policy, PolicyUse.No, reason, Grants.GrantWords.Why(grant)),
        };
    }

    public JsonObject ToJson() => new()
    {
        ["name"] = Policy.Metadata.Name,
        ["mode"] = Policy.Spec.Mode?.ToString(),
        ["usable"] = Usable.ToString(),
        ["reason"] = Reason,
        ["message"] = Why,
        ["maxDuration"] = Policy.Spec.Duration.Max,
    };

    private static string Takes(BreakGlassPolicy policy, string first)
    {
        List<string> takes = [first];
        if (policy.Spec.Justification?.MinLength is { } least and > 0) takes.Add($"a reason of {least} characters");
        if (policy.Spec.Justification?.TicketPattern is { } ticket) takes.Add($"a ticket like {ticket}");
        if (ReviewRules.IsRequired(policy.Spec)) takes.Add("reviewed afterwards");
        return string.Join(", ", takes);
    }
}
