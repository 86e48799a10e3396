using BreakGlass.Cli.Vouchers;

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
        var voucher = new Option<string?>("--voucher")
            { Description = "Request access with this voucher instead of your own name; it names person, policy and places", HelpName = "FILE" };
        var holderKey = new Option<string?>("--holder-key")
            { Description = "The private key of the voucher's holder; by default the file beside the voucher that ends in .key", HelpName = "FILE" };
        foreach (var option in (Option[])[wait, timeout, file, delivered, output, dryRun, voucher, holderKey]) command.Options.Add(option);
        var passphrase = new Passphrase(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            var host = invocation.Host;
            using var held = parse.GetValue(voucher) is not { } path ? null : await HeldVoucher.ReadAsync(
                host, path, parse.GetValue(holderKey), of => passphrase.ReadAsync(parse, host, of, cancellationToken), cancellationToken);
            if (held is null && parse.GetValue(holderKey) is not null) throw CliException.Usage("--holder-key is of use only with --voucher.");
            var settings = new RequestSettings(options.Read(parse, held?.Voucher.Claims), invocation.ChildWords, parse.GetValue(wait),
                parse.GetValue(timeout) ?? UsualTimeout, OutputFormat.DryRun(parse.GetValue(dryRun))) { Voucher = held };
            using var cluster = invocation.Connect(parse);
            var handoff = new CredentialHandoff(host, cluster, invocation.Own(parse))
                { File = parse.GetValue(file), Delivered = parse.GetValue(delivered), Format = parse.GetValue(output) };
            return await new RequestRun(host, cluster, settings, handoff).RunAsync(cancellationToken);
        });
        return command;
    }
}
