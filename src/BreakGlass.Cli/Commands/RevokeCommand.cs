namespace BreakGlass.Cli.Commands;

/// <summary><c>revoke</c>: ends access at once.</summary>
internal static class RevokeCommand
{
    private static readonly TimeSpan UsualTimeout = TimeSpan.FromSeconds(30);

    public static Command Create(Invocation invocation)
    {
        var names = new Argument<string[]>("GRANT") { Description = "The grants to revoke", Arity = ArgumentArity.OneOrMore };
        var reason = new Option<string?>("--reason", "-r") { Description = "Why, for the record", HelpName = "TEXT" };
        var wait = new Option<bool>("--wait") { Description = "Wait until access is cut (default)", DefaultValueFactory = _ => true };
        var timeout = GlobalFlags.DurationOption("--timeout", "How long to wait (default 30s)");
        var output = OutputFormat.Option(OutputFormat.Json, OutputFormat.Yaml, OutputFormat.Name);
        var dryRun = OutputFormat.DryRunOption();
        var by = RequestOptions.StampOption("--by");
        var command = new Command("revoke", "End access immediately. A grant that is already over is not an error.")
            { names, reason, wait, timeout, output, dryRun, by };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var (host, used) = (invocation.Host, invocation.Host.Variable(CallerKubeconfig.Variable));
            using var cluster = invocation.Connect(parse);
            var run = new RevokeRun(invocation.Host, cluster.Client, parse.GetValue(reason), RequestOptions.Stamp(parse.GetValue(by))?.Username,
                OutputFormat.DryRun(parse.GetValue(dryRun)), parse.GetValue(output));
            string[] grants = [.. parse.GetRequiredValue(names).Select(ObjectNames.Grant).Distinct()];
            var code = await run.RunAsync(grants, parse.GetValue(wait) ? parse.GetValue(timeout) ?? UsualTimeout : null, cancellationToken);
            if (grants.Any(name => CredentialFiles.KubeconfigOf(host, name) == used) && !File.Exists(used))
            {
                await host.SayAsync(
                    $"KUBECONFIG still names the kubeconfig of that grant, which is deleted. To use your own again: {invocation.Own(parse).Words}");
            }

            return code;
        });
        return command;
    }
}
