using BreakGlass.Cli.Policies;

namespace BreakGlass.Cli.Commands;

/// <summary>What a policy would give, rule by rule.</summary>
internal sealed record AccessPlan(BreakGlassPolicy Policy, IReadOnlyList<PlanLine> Lines, IReadOnlyList<ActorLine> Actors)
{
    private const int MostNamespacesShown = 6;

    public static AccessPlan Of(BreakGlassPolicy policy, GrantSpec asked, VisibleCluster around)
    {
        if (asked.Access.FirstOrDefault(n => policy.Spec.Access.All(e => e.Name != n)) is { } unknown)
        {
            throw new CliException(ExitCodes.NotFound,
                $"policy '{policy.Metadata.Name}' has no access entry '{unknown}'; it has {string.Join(", ", policy.Spec.Access.Select(e => e.Name))}.");
        }

        var entries = Targets.Snapshot(policy.Spec, asked);
        var targets = Targets.Resolve(entries, policy.Spec, asked.Namespaces, around.View(policy, asked.Namespaces).Namespaces, new());
        if (targets.Count == 0) throw new CliException(ExitCodes.NotFound, $"policy '{policy.Metadata.Name}' reaches none of these namespaces: "
            + "they do not exist, or the policy does not select them. Remove --namespace to see everything.");
        IReadOnlyList<ActorLine> actors = [.. entries.SelectMany(e => ActorLine.Of(e, policy, targets, around))];
        return new(policy, [.. targets.GroupBy(t => (t.Entry, t.Role, t.Role.Kind == V1Role.KubeKind ? t.Namespace : null))
            .SelectMany(g => LinesOf(policy, g.ToList(), around))], actors);
    }

    public JsonObject ToJson() => new()
    {
        ["policy"] = Policy.Metadata.Name,
        ["mode"] = Policy.Spec.Mode?.ToString(),
        ["duration"] = new JsonObject { ["default"] = Policy.Spec.Duration.Default, ["max"] = Policy.Spec.Duration.Max },
        ["credential"] = Policy.Spec.Credential.ToString(),
        ["path"] = (Policy.Spec.Session?.Path ?? SessionPath.Direct).ToString(),
        ["access"] = new JsonArray([.. Lines.Select(l => l.ToJson())]),
        ["actsAs"] = new JsonArray([.. Actors.Select(a => a.ToJson())]),
    };

    private static IEnumerable<PlanLine> LinesOf(BreakGlassPolicy policy, List<Target> places, VisibleCluster around)
    {
        var first = places[0];
        IReadOnlyList<string> namespaces = [.. places.Select(p => p.Namespace).OfType<string>()];
        var where = namespaces.Count == 0 ? "whole cluster" : string.Join(",", namespaces.Take(MostNamespacesShown))
            + (namespaces.Count > MostNamespacesShown ? $" and {namespaces.Count - MostNamespacesShown} more" : "");
        var line = new PlanLine(first.Entry, first.Role.ToString(), where, namespaces, [], [], []);
        if (around.Rules(first.Role, first.Namespace) is { } rules)
        {
            if (rules.Count == 0) yield return line with { Verbs = ["(none)"], Resources = ["(the role has no rules)"] };
            foreach (var rule in rules)
                yield return line with { Verbs = rule.VerbsOrEmpty, Resources = [.. Resources(rule)], Risk = Risks(rule, namespaces.Count == 0) };
            yield break;
        }

        // The person may not read roles; the operator may, and tells what matters most.
        var summary = policy.Status.Roles.FirstOrDefault(r => r.Name == first.Entry);
        yield return summary is null
            ? line with { Verbs = ["?"], Resources = ["(you are not allowed to read the role, or it does not exist)"] }
            : line with { Verbs = ["?"], Resources = [$"({summary.Rules} rules that you are not allowed to read)"],
                Risk = [.. Risks(summary, namespaces.Count == 0)] };
    }

    public static IEnumerable<string> Resources(V1PolicyRule rule) => rule.UrlsOrEmpty
        .Concat(from resource in rule.ResourcesOrEmpty
        from apiGroup in rule.GroupsOrEmpty.DefaultIfEmpty("")
        select (apiGroup.Length == 0 ? resource : $"{resource}.{apiGroup}")
            + (rule.NamesOrEmpty.Count == 0 ? "" : $"[{string.Join("|", rule.NamesOrEmpty)}]"));

    private const string SealKeysRisk = "reads the operator's seal keys";

    private static List<string> Risks(V1PolicyRule rule, bool everywhere)
    {
        var risks = new List<string>();
        if (everywhere && RoleRisk.ReadsSealKeys([rule])) risks.Add(SealKeysRisk);
        if (RoleRisk.CanEscalate(rule)) risks.Add("can escalate");
        if (RoleRisk.ReadsSecrets(rule)) risks.Add("reads Secrets");
        if (RoleRisk.HasWildcard(rule)) risks.Add("wildcard");
        if (risks.Count == 0 && RoleRisk.IsReadOnly([rule])) risks.Add("read-only");
        return risks;
    }

    private static IEnumerable<string> Risks(RoleSummary summary, bool everywhere)
    {
        if (everywhere && summary.ReadsSecrets) yield return SealKeysRisk;
        if (summary.CanEscalate) yield return "can escalate";
        if (summary.ReadsSecrets) yield return "reads Secrets";
        if (summary.Wildcard) yield return "wildcard";
    }
}
