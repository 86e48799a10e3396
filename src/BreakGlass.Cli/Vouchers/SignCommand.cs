using BreakGlass.Core.Vouchers;

namespace BreakGlass.Cli.Vouchers;

/// <summary><c>voucher sign</c>: the signature of another key.</summary>
internal static class SignCommand
{
    public static Command Create(Invocation invocation)
    {
        var file = new Argument<string>("FILE") { Description = "The voucher, or - for standard input" };
        var (keyFile, kid) = VoucherOptions.Key();
        var output = VoucherOptions.Out();
        var command = new Command("sign", "Add the signature of another key to a voucher, if its authority requires several.") { file, keyFile, kid, output };
        var passphrase = new Passphrase(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            var (host, path) = (invocation.Host, parse.GetRequiredValue(file));
            if (path == "-" && passphrase.IsFromInput(parse)) throw CliException.Usage("only one of FILE and --passphrase-file can be standard input (-).");
            var (voucher, _) = await VoucherFile.ReadAsync(host, path, cancellationToken);
            if (voucher.Claims.TimeProblem(host.Time.GetUtcNow()) is { } problem && host.Time.GetUtcNow() >= voucher.Claims.Expires)
                throw CliException.Usage($"'{path}' is not worth a signature: {problem}.");
            await host.SayAsync($"signing: {VoucherFile.Line(voucher.Claims)}");
            await host.SayAsync(HolderKey.Line(voucher.Claims));
            await host.SayAsync($"signed so far by: {string.Join(", ", voucher.Kids)}");
            using var signer = await KeyFile.ReadAuthorityKeyAsync(
                parse.GetRequiredValue(keyFile), parse.GetValue(kid), of => passphrase.ReadAsync(parse, host, of, cancellationToken), cancellationToken);
            await VoucherFile.WriteAsync(host, parse.GetValue(output), Sign(voucher, signer), cancellationToken);
            await host.SayAsync($"voucher {voucher.Claims.Id}: signed by {signer.Kid}");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static string Sign(SignedVoucher voucher, VoucherKey key)
    {
        if (voucher.Kids.Contains(key.Kid))
            throw CliException.Usage($"the key {key.Kid} signed this voucher already. Each key counts once; use a different key.");
        try
        {
            return VoucherSigning.AddSignature(voucher, key);
        }
        catch (ArgumentException e)
        {
            throw CliException.Usage($"there is no room for another signature: {e.Message.Split(" (Parameter")[0]}.");
        }
    }
}
