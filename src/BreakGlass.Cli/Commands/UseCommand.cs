namespace BreakGlass.Cli.Commands;

/// <summary><c>use</c>: takes up a grant that was asked for before, by <c>request --wait=false</c> or with a manifest.</summary>
internal static class UseCommand
{
    private static readonly TimeSpan UsualTimeout = TimeSpan.FromHours(1);

    public static Command Create(Invocation invocation)
    {
        var name = new Argument<string>("GRANT") { Description = "The grant" };
        var timeout = GlobalFlags.DurationOption("--timeout", "How long to wait for access (default 1h)");
        var file = new Option<string?>("--output-kubeconfig", "-f") { Description = "The file for the kubeconfig; - for standard output", HelpName = "FILE" };
        var delivered = new Option<bool>(
            "--delivered-address") { Description = "Use the API server's address from the operator instead of the one in your kubeconfig" };
        var output = OutputFormat.Option(OutputFormat.Json, OutputFormat.Yaml, OutputFormat.Name);
        var command = new Command(
            "use", "Use a grant that you requested before (request --wait=false, kubectl apply): wait until it gives access, then use it.")
            { name, timeout, file, delivered, output };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var host = invocation.Host;
            using var cluster = invocation.Connect(parse);
            var handoff = new CredentialHandoff(
                host, cluster, invocation.Own(parse)) { File = parse.GetValue(file), Delivered = parse.GetValue(delivered), Format = parse.GetValue(output) };
            handoff.Check();
            var grant = await cluster.Client.GetAsync<BreakGlassGrant>(ObjectNames.Grant(parse.GetRequiredValue(name)), null, cancellationToken);
            DeliveredCredential.CheckReadable(grant);
            var active = grant.Status.Phase is GrantPhase.Active
                ? grant : await new GrantRequester(cluster, host).UntilActiveAsync(grant, parse.GetValue(timeout) ?? UsualTimeout, cancellationToken);
            var bound = active.Status.Credential is CredentialKind.BindRequester;
            await handoff.GiveAsync(active, bound ? null : DeliveredCredential
                .Read(await DeliveredCredential.OfSecretAsync(cluster, active, "kubeconfig", cancellationToken)), cancellationToken);
            return ExitCodes.Ok;
        });
        return command;
    }
}
