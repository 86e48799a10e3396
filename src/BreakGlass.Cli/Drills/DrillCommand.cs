using BreakGlass.Cli.Commands;
using BreakGlass.Cli.Drills.Chaos;

namespace BreakGlass.Cli.Drills;

/// <summary><c>drill</c>: runs a drill now, and reports its runs.</summary>
internal static class DrillCommand
{
    private const string Table = "table";
    private const string Html = "html";

    /// <summary>As long as a run goes on, something is broken.</summary>
    private static readonly TimeSpan UsualChaosTimeout = TimeSpan.FromMinutes(10);

    public static Command Create(Invocation invocation)
    {
        var command = new Command("drill", "Run a drill now, and report its runs.");
        command.Subcommands.Add(Run(invocation));
        command.Subcommands.Add(Report(invocation));
        return command;
    }

    private static Command Run(Invocation invocation)
    {
        var name = new Argument<string>("DRILL") { Description = "The drill" };
        var timeout = GlobalFlags.DurationOption("--timeout", "How long to wait for the end of the run (default 30m, for a drill with end: Expire "
            + "also the duration of its grant; with --chaos 10m)");
        var chaos = new Option<string?>("--chaos")
        {
            HelpName = "VARIANT",
            Description = "Break something during the run, on a staging cluster, and compare what comes with what is expected. kill-leader: delete the Pod of "
                + "the operator that leads; no-webhooks: take the webhooks away, and put them back; journal-storage, clock: prints what you do by hand",
        };
        chaos.AcceptOnlyFromAmong([.. ChaosVariants.Names]);
        var yes = new Option<bool>("--yes") { Description = "With --chaos: do not ask before something is broken" };
        var ns = new Option<string>("--operator-namespace") { Description = "With --chaos: the operator's namespace", HelpName = "NAMESPACE",
            DefaultValueFactory = _ => "breakglass-system" };
        var command = new Command("run", "Run a drill now. Prints one line for each phase; the exit code is 1 if the run failed.")
            { name, timeout, chaos, yes, ns };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var (host, drill) = (invocation.Host, ObjectNames.Drill(parse.GetRequiredValue(name)));
            var variant = parse.GetValue(chaos);
            if (variant is null && parse.GetValue(yes)) throw CliException.Usage("--yes requires --chaos.");
            using var cluster = invocation.Connect(parse);
            if (variant is null)
                return await new DrillFollower(host, cluster.Client, parse.GetValue(timeout)).RunAsync(drill, cancellationToken);
            var tools = new ChaosTools(host, cluster.Client, drill, parse.GetValue(timeout) ?? UsualChaosTimeout);
            return await new ChaosRun(tools, cluster.Connection).RunAsync(
                ChaosVariants.Of(variant, parse.GetRequiredValue(ns)), parse.GetValue(yes), cancellationToken);
        });
        return command;
    }

    private static Command Report(Invocation invocation)
    {
        var name = new Argument<string?>("DRILL") { Description = "The drill; by default all", Arity = ArgumentArity.ZeroOrOne };
        var output = OutputFormat.Option(Table, Html, OutputFormat.Json);
        var command = new Command("report", "Print the runs of a drill or, without a name, what all drills say.") { name, output };
        command.SetAction(async (parse, cancellationToken) =>
        {
            using var cluster = invocation.Connect(parse);
            var (host, client) = (invocation.Host, cluster.Client);
            var one = parse.GetValue(name) is { } text ? ObjectNames.Drill(text) : null;
            IReadOnlyList<BreakGlassDrill> drills = one is not null
                ? [await client.GetAsync<BreakGlassDrill>(one, null, cancellationToken)]
                : [.. (await client.ListAsync<BreakGlassDrill>(new(), cancellationToken)).Items.OrderBy(d => d.Metadata.Name, StringComparer.Ordinal)];
            switch (parse.GetValue(output) ?? Table)
            {
                case OutputFormat.Json:
                    if (one is not null) await OutputFormat.WriteAsync(host, OutputFormat.Json, drills[0]);
                    else await OutputFormat.WriteListAsync(host, OutputFormat.Json, drills);
                    break;
                case Html:
                    await host.Out.WriteAsync(DrillPage.Html(drills, client.Now(host.Time)));
                    break;
                default:
                    if (drills.Count == 0) await host.SayAsync("No resources found.");
                    else if (one is null) await Tables.Of(Tables.Drills, drills, client.Now(host.Time), wide: true).WriteAsync(host);
                    else await RunsAsync(host, drills[0]);
                    break;
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task RunsAsync(CliHost host, BreakGlassDrill drill)
    {
        if (drill.Status.Runs.Count == 0)
        {
            await host.SayAsync($"drill '{drill.Metadata.Name}' never ran. Run it now: kubectl breakglass drill run {drill.Metadata.Name}");
            return;
        }

        var table = new TextTable("STARTED", "TRIGGER", "END", "RESULT", "ACCESS", "DENIAL", "PROOF", "REASON");
        foreach (var run in drill.Status.Runs)
        {
            table.Add(Timestamp.Text(run.StartedAt), run.Trigger.ToString(), run.End.ToString(), DrillWords.Result(run.Result), run.TimeToAccess,
                run.TimeToDenial, run.ProofOfEnd, run.Reason);
        }

        await table.WriteAsync(host);
        if (drill.Status.Runs.FirstOrDefault(r => r.Result is DrillResult.Failed) is not { } failed) return;
        foreach (var failure in failed.Failures) await host.SayAsync($"{Timestamp.Text(failed.StartedAt)} {failure}");
    }
}
