namespace BreakGlass.Cli.Commands;

/// <summary><c>request</c>: asks, waits, and hands the access over.</summary>
internal static class RequestCommand
{
    public const string Name = "request";

    private static readonly TimeSpan UsualTimeout = TimeSpan.FromHours(1);

    public static Command Create(Invocation invocation)
    {
        var command = new Command(Name, "Request access and use it: as a kubeconfig, or for one command.");
        var options = new RequestOptions(command);
        var wait = new Option<bool>(
            "--wait") { Description = "Wait until access works (default); --wait=false only creates the request", DefaultValueFactory = _ => true };
        var timeout = GlobalFlags.DurationOption("--timeout", "How long to wait for access (default 1h)");
        var file = new Option<string?>("--output-kubeconfig", "-f") { Description = "The file for the kubeconfig; - for standard output", HelpName = "FILE" };
        var delivered = new Option<bool>(
            "--delivered-address") { Description = "Use the API server's address from the operator instead of the one in your kubeconfig" };
        var output = OutputFormat.Option(OutputFormat.Json, OutputFormat.Yaml, OutputFormat.Name);
        var dryRun = OutputFormat.DryRunOption();
        foreach (var option in (Option[])[wait, timeout, file, delivered, output, dryRun]) command.Options.Add(option);
        command.SetAction(async (parse, cancellationToken) =>
        {
            using var cluster = invocation.Connect(parse);
            var settings = new RequestSettings(options.Read(parse), invocation.ChildWords, parse.GetValue(wait), parse.GetValue(timeout) ?? UsualTimeout,
                OutputFormat.DryRun(parse.GetValue(dryRun)));
            var handoff = new CredentialHandoff(invocation.Host, cluster, invocation.Own(parse))
                { File = parse.GetValue(file), Delivered = parse.GetValue(delivered), Format = parse.GetValue(output) };
            return await new RequestRun(invocation.Host, cluster, settings, handoff).RunAsync(cancellationToken);
        });
        return command;
    }
}
