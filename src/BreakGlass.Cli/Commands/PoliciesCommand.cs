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
            var around = await VisibleCluster.LookAsync(cluster.Client, policies, cancellationToken);
            var answers = policies.Select(p => Usability.Of(p, me, around, cluster.Client.Now(host.Time))).ToList();
            switch (parse.GetValue(output))
            {
                case OutputFormat.Name:
                    foreach (var answer in answers.Where(a => a.Usable is not PolicyUse.No)) await host.Out.WriteLineAsync(OutputFormat.NameOf(answer.Policy));
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
