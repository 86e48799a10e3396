using BreakGlass.Core.Vouchers;

namespace BreakGlass.Cli.Vouchers;

/// <summary><c>voucher holder</c>: the key pair of a person who will hold vouchers.</summary>
internal static class HolderCommand
{
    public static Command Create(Invocation invocation)
    {
        var file = new Option<string>("--private-key") { Description = "The new file for the private key", HelpName = "FILE", Required = true };
        var command = new Command(
            "holder", "Create the key of a person who will hold vouchers: the private key in a file, the public key on standard output.") { file };
        var passphrase = new Passphrase(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            var (host, path) = (invocation.Host, parse.GetRequiredValue(file));
            KeyFile.CheckNew(path);
            using var key = await KeyFile.CreateAsync(path, await passphrase.ReadNewAsync(parse, host, path, cancellationToken), cancellationToken);
            var publicKey = VoucherKey.PublicJwk(key);
            await OutputFormat.WriteNodeAsync(host, OutputFormat.Json, HolderKey.ToJson(publicKey));
            await host.SayAsync($"key {HolderKey.Thumbprint(publicKey)}: tell the people who sign vouchers, so that they sign for no other key.");
            await host.SayAsync($"{path}: the private key. A voucher is of use only together with it; the person keeps it, or it goes into the kit.");
            return ExitCodes.Ok;
        });
        return command;
    }
}
