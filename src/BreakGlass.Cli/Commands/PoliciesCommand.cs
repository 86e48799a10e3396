using BreakGlass.Cli.Policies;

namespace BreakGlass.Cli.Commands;

/// <summary><c>policies</c>: which may I use, now, and why not the others.</summary>
internal static class PoliciesCommand
{
    public static Command Create(Invocation invocation)
    {
        var output = OutputFormat.Option(OutputFormat.Json, OutputFormat.Yaml, OutputFormat.Name);
        var command = new Command("policies", "List the policies that you can use now, and why you cannot use the others.") { output };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var host = invocation.Host;
            using var cluster = invocation.Connect(parse);
            var policies = (await cluster.Client.ListAsync<BreakGlassPolicy>(new(), cancellationToken)).Items
                .OrderBy(p => p.Metadata.Name, StringComparer.Ordinal).ToList();
            var me = await Whoami.AskAsync(cluster, policies, cancellationToken);
            var around = await Surroundings.LookAsync(cluster.Client, policies, cancellationToken);
            var answers = policies.Select(p => Usability.Of(p, me, around, cluster.Client.Now(host.Time))).ToList();
            switch (parse.GetValue(output))
            {
                case OutputFormat.Name:
                    foreach (var answer in answers.Where(a => a.Usable is not Use.No)) await host.Out.WriteLineAsync(OutputFormat.NameOf(answer.Policy));
                    break;
                case { } format:
                    await OutputFormat.WriteNodeAsync(
                        host, format, new JsonObject { ["user"] = me?.Username, ["policies"] = new JsonArray([.. answers.Select(a => a.ToJson())]) });
                    break;
                default:
                    var table = new TextTable("POLICY", "MODE", "USABLE", "MAX", "WHY");
                    foreach (var a in answers) table.Add(a.Policy.Metadata.Name, a.Policy.Spec.Mode?.ToString(), a.Cell, a.Policy.Spec.Duration.Max, a.Why);
                    if (table.Count > 0) await table.WriteAsync(host);
                    else await host.SayAsync("This cluster has no policies. Use another --context, or ask the platform team.");
                    break;
            }

            await host.SayAsync(me is null
                ? "This API server cannot tell who you are (Kubernetes before 1.27), so check yourself whether you are among the requesters."
                : $"You are {Callers.Shown(me)} ({string.Join(", ", me.Groups)}).");
            if (around.Unseen is { } unseen) await host.SayAsync($"Note: {unseen}.");
            return ExitCodes.Ok;
        });
        return command;
    }
}

/// <summary>Whether a policy can be used.</summary>
internal enum Use
{
    Yes,
    AfterApproval,
    Later,
    Unknown,
    No,
}

/// <summary>What a policy would say to somebody now.</summary>
internal sealed record Usability(BreakGlassPolicy Policy, Use Usable, string Reason, string Why)
{
    public Cell Cell => Usable switch
    {
        Use.Yes => new("yes", Tone.Good),
        Use.AfterApproval => new("after approval", Tone.Waiting),
        Use.Later => new("later", Tone.Waiting),
        Use.Unknown => new("perhaps", Tone.Waiting),
        _ => new("no", Tone.Bad),
    };

    /// <summary>Applies the operator's rules to a request without justification and ticket, which the person adds later.</summary>
    public static Usability Of(BreakGlassPolicy policy, Caller? me, Surroundings around, DateTimeOffset now)
    {
        if (Conditions.Find(policy.Status.Conditions, PolicyConditions.Ready) is { Status: "False" } unready)
            return new(policy, Use.No, unready.Reason, unready.Message);
        if (me is null) return new(policy, Use.Unknown, "IdentityUnknown", $"for {Subjects.Describe(policy.Spec.Requesters)}");
        var status = Rehearsal.Run(new()
        {
            Now = now,
            Settings = new(),
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
        return Rehearsal.Phase(status) switch
        {
            GrantPhase.Active => new(policy, Use.Yes, GrantConditions.PolicyAllows, Takes(policy, "immediate access")),
            GrantPhase.AwaitingApproval => new(policy, Use.AfterApproval, reason,
                Takes(policy, $"needs {policy.Spec.Approval?.Required ?? 1} approval(s) of {Subjects.Describe(policy.Spec.Approval?.Approvers ?? [])}")),
            GrantPhase.Denied when reason == DenialReasons.OutsideWindow => new(policy, Use.Later, reason, Grants.GrantWords.Why(grant)),
            _ => new(policy, Use.No, reason, Grants.GrantWords.Why(grant)),
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
