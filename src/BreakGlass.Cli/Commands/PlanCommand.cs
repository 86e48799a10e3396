using BreakGlass.Cli.Policies;

namespace BreakGlass.Cli.Commands;

/// <summary><c>plan</c>: what exactly a policy would give.</summary>
internal static class PlanCommand
{
    public static Command Create(Invocation invocation)
    {
        var name = new Argument<string>("POLICY") { Description = "The policy" };
        var access = new Option<string[]>(
            "--access") { Description = "Only this access entry; can be repeated", HelpName = "ENTRY", DefaultValueFactory = _ => [] };
        var namespaces = new Option<string[]>(
            "--namespace", "-n") { Description = "Only this namespace; can be repeated", HelpName = "NAME", DefaultValueFactory = _ => [] };
        var output = OutputFormat.Option(OutputFormat.Json, OutputFormat.Yaml);
        var command = new Command("plan", "Show exactly what a policy gives: verbs, resources, namespaces, and their risks.")
            { name, access, namespaces, output };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var host = invocation.Host;
            using var cluster = invocation.Connect(parse);
            var policy = await cluster.Client.GetAsync<BreakGlassPolicy>(ObjectNames.Policy(parse.GetRequiredValue(name)), null, cancellationToken);
            var around = await Surroundings.LookAsync(cluster.Client, [policy], cancellationToken);
            var plan = AccessPlan.Of(policy, new() { Access = parse.GetValue(access) ?? [], Namespaces = parse.GetValue(namespaces) ?? [] }, around);
            if (parse.GetValue(output) is { } format) await OutputFormat.WriteNodeAsync(host, format, plan.ToJson());
            else await ShowAsync(host, plan);
            if (around.Unseen is { } unseen) await host.SayAsync($"Note: {unseen}.");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task ShowAsync(CliHost host, AccessPlan plan)
    {
        var spec = plan.Policy.Spec;
        var approval = spec.Approval is { } a ? $", after {a.Required} approval(s) of {Subjects.Describe(a.Approvers)}" : "";
        await host.Out.WriteLineAsync(
            $"{plan.Policy.Metadata.Name} ({spec.Mode}): {spec.Duration.Default}, at most "
                + $"{spec.Duration.Max}{approval}{(ReviewRules.IsRequired(spec) ? ", reviewed afterwards" : "")}");
        await host.Out.WriteLineAsync(
            spec.Credential is CredentialKind.BindRequester ? "Bound to your own user name." : "By a token of an identity that exists only for the grant.");
        await host.Out.WriteLineAsync();
        var table = new TextTable("ENTRY", "ROLE", "WHERE", "VERBS", "RESOURCES", "RISK");
        foreach (var line in plan.Lines)
        {
            table.Add(line.Entry, line.Role, line.Where, string.Join(",", line.Verbs), string.Join(",", line.Resources),
                new(line.Risk.Count == 0 ? "" : string.Join(", ", line.Risk), line.Risk.Count == 0 || line.Risk is ["read-only"] ? Tone.Faint : Tone.Bad));
        }

        await table.WriteAsync(host);
        if (plan.Actors.Count == 0) return;
        await host.Out.WriteLineAsync();
        await host.Out.WriteLineAsync("Identities that a grant could act as, according to the operator's access reviews:");
        var actors = new TextTable("ENTRY", "BY", "SERVICEACCOUNT", "CAN");
        foreach (var line in plan.Actors)
        {
            actors.Add(line.Entry, string.Join(",", line.Ways), line.Who, new(string.Join(", ", line.Can), line.Can.Count > 0 ? Tone.Bad : Tone.Faint));
        }

        await actors.WriteAsync(host);
    }
}

/// <summary>What a policy would give, rule by rule.</summary>
internal sealed record AccessPlan(BreakGlassPolicy Policy, IReadOnlyList<PlanLine> Lines, IReadOnlyList<ActorLine> Actors)
{
    private const int MostNamespacesShown = 6;

    public static AccessPlan Of(BreakGlassPolicy policy, GrantSpec asked, Surroundings around)
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
        ["access"] = new JsonArray([.. Lines.Select(l => l.ToJson())]),
        ["actsAs"] = new JsonArray([.. Actors.Select(a => a.ToJson())]),
    };

    private static IEnumerable<PlanLine> LinesOf(BreakGlassPolicy policy, List<Target> places, Surroundings around)
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

    private static IEnumerable<string> Resources(V1PolicyRule rule) => rule.UrlsOrEmpty
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

/// <summary>One rule and where it holds.</summary>
internal sealed record PlanLine(
    string Entry, string Role, string Where, IReadOnlyList<string> Namespaces, IReadOnlyList<string> Verbs, IReadOnlyList<string> Resources,
    IReadOnlyList<string> Risk)
{
    public JsonObject ToJson() => new()
    {
        ["entry"] = Entry,
        ["role"] = Role,
        ["namespaces"] = Namespaces.Count == 0 ? null : Texts(Namespaces),
        ["clusterWide"] = Namespaces.Count == 0,
        ["verbs"] = Texts(Verbs),
        ["resources"] = Texts(Resources),
        ["risk"] = Texts(Risk),
    };

    private static JsonArray Texts(IReadOnlyList<string> texts) => new([.. texts.Select(t => (JsonNode?)t)]);
}

/// <summary>A ServiceAccount as which a grant could act, or how many were asked about.</summary>
/// <param name="Entry">The access entry.</param>
/// <param name="Ways">By which ways its role lets it.</param>
/// <param name="Who">The ServiceAccount, as namespace/name; or those that are not named one by one.</param>
/// <param name="Can">What it may do, of what was asked.</param>
internal sealed record ActorLine(string Entry, IReadOnlyList<string> Ways, string Who, IReadOnlyList<string> Can)
{
    /// <summary>What the policy's status says, for the namespaces that are reached.</summary>
    public static IEnumerable<ActorLine> Of(AccessEntry entry, BreakGlassPolicy policy, IReadOnlyList<Target> targets, Surroundings around)
    {
        var places = targets.Where(t => t.Entry == entry.Name).ToList();
        if (places.Count == 0) yield break;
        var summary = policy.Status.Roles.FirstOrDefault(r => r.Name == entry.Name);
        var ways = around.Rules(entry.RoleRef, places[0].Namespace) is { } rules ? ActingAs.Ways(rules) : summary?.ActsThrough ?? [];
        if (ways.Count == 0) yield break;
        foreach (var actor in summary?.Actors ?? [])
        {
            if (places.Exists(t => t.Namespace is null || actor.ServiceAccount.StartsWith(t.Namespace + "/", StringComparison.Ordinal)))
                yield return new(entry.Name, ways, actor.ServiceAccount, actor.Can);
        }

        yield return new(entry.Name, ways, summary?.ActorsAsked is { } asked
            ? $"({asked} checked{(summary.ActorsNotAsked is > 0 and var more ? $", {more} more not checked" : "")})"
            : "(any of them; the operator has not checked them)", []);
    }

    public JsonObject ToJson() => new()
    {
        ["entry"] = Entry,
        ["by"] = new JsonArray([.. Ways.Select(w => (JsonNode?)w)]),
        ["serviceAccount"] = Who,
        ["can"] = new JsonArray([.. Can.Select(c => (JsonNode?)c)]),
    };
}
