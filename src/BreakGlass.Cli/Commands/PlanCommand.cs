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
            var around = await VisibleCluster.LookAsync(cluster.Client, [policy], cancellationToken);
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
                + $"{spec.Duration.Max}{(spec.IdleTimeout is { } idle ? $", ends after {idle} without a request" : "")}"
                + $"{approval}{(ReviewRules.IsRequired(spec) ? ", reviewed afterwards" : "")}");
        await host.Out.WriteLineAsync(
            spec.Credential is CredentialKind.BindRequester ? "Bound to your own user name."
                : GatewayRules.IsRequired(spec) ? "Through the gateway, with a client certificate for the grant only. What is open at its end is closed."
                : "By a token of an identity that exists only for the grant.");
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
