using System.Security.Cryptography;
using BreakGlass.Core.Vouchers;

namespace BreakGlass.Cli.Vouchers;

/// <summary><c>voucher issue</c>: writes and signs a voucher.</summary>
internal static class IssueCommand
{
    private const string Letters = "bcdfghjklmnpqrstvwxz2456789";
    private const string UsualDuration = "30m";

    public static Command Create(Invocation invocation)
    {
        var (keyFile, kid) = VoucherOptions.Key();
        Option<string> Needed(string name, string description, string help) => new(name) { Description = description, HelpName = help, Required = true };
        var authority = Needed("--authority", "The name of the BreakGlassAuthority", "NAME");
        var person = Needed("--person", "The user name of the person who gets access, as the policy's holders name it", "USER");
        var policy = Needed("--policy", "The policy that the voucher is for", "NAME");
        var holder = Needed("--holder", "The file with the person's public key, as 'voucher holder' printed it", "FILE");
        var clusterId = new Option<string?>("--cluster")
            { Description = "The UID of the cluster's Namespace kube-system; by default it is read from the current cluster", HelpName = "UID" };
        var access = new Option<string[]>("--access")
            { Description = "Only this access entry of the policy; can be repeated", HelpName = "ENTRY", DefaultValueFactory = _ => [] };
        var namespaces = new Option<string[]>("--namespace", "-n")
            { Description = "Only this namespace; can be repeated", HelpName = "NAME", DefaultValueFactory = _ => [] };
        var longest = new Option<string?>("--max-duration")
            { Description = $"The longest that access can last (default {UsualDuration})", HelpName = "DURATION" };
        var validFor = new Option<string?>("--valid-for")
            { Description = $"How long the voucher can be used (default {Bounds.UsualVoucherAge})", HelpName = "DURATION" };
        var start = new Option<string?>("--not-before") { Description = "From when on it can be used (RFC 3339); by default now", HelpName = "TIME" };
        var id = new Option<string?>("--id") { Description = "The id of the voucher; by default a random one", HelpName = "ID" };
        var output = VoucherOptions.Out();
        var command = new Command("issue", "Write and sign a voucher: one person may use one policy of one cluster once.")
            { keyFile, kid, authority, person, policy, holder, clusterId, access, namespaces, longest, validFor, start, id, output };
        var passphrase = new Passphrase(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            var host = invocation.Host;
            var now = host.Time.GetUtcNow();
            var from = VoucherOptions.Time(parse.GetValue(start), "--not-before") ?? now;
            var key = await HolderKey.ReadAsync(parse.GetRequiredValue(holder), cancellationToken);
            var cluster = parse.GetValue(clusterId) ?? await ClusterAsync(invocation, parse, cancellationToken);
            var voucher = new Voucher(
                parse.GetValue(id) ?? $"v-{RandomNumberGenerator.GetString(Letters, 16)}", parse.GetRequiredValue(authority), cluster,
                parse.GetRequiredValue(person), parse.GetRequiredValue(policy), parse.GetValue(access) ?? [], parse.GetValue(namespaces) ?? [],
                VoucherOptions.Duration(parse.GetValue(longest), "--max-duration", UsualDuration, Bounds.LongestGrant), now, from,
                from + VoucherOptions.Duration(parse.GetValue(validFor), "--valid-for", Bounds.UsualVoucherAge, Bounds.LongestVoucher), key);
            await host.SayAsync($"signing: {VoucherFile.Line(voucher)}");
            await host.SayAsync(HolderKey.Line(voucher));
            using var signer = await KeyFile.ReadAuthorityKeyAsync(
                parse.GetRequiredValue(keyFile), parse.GetValue(kid), of => passphrase.ReadAsync(parse, host, of, cancellationToken), cancellationToken);
            await VoucherFile.WriteAsync(host, parse.GetValue(output), Sign(voucher, signer), cancellationToken);
            await host.SayAsync($"voucher {voucher.Id}: signed by {signer.Kid}");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static string Sign(Voucher voucher, VoucherKey key)
    {
        try
        {
            return VoucherSigning.Sign(voucher, key);
        }
        catch (ArgumentException e)
        {
            throw CliException.Usage($"this cannot be a voucher: {e.Message.Split(" (Parameter")[0]}.");
        }
    }

    private static async Task<string> ClusterAsync(Invocation invocation, ParseResult parse, CancellationToken cancellationToken)
    {
        using var cluster = invocation.Connect(parse);
        return (await cluster.Client.GetAsync<V1Namespace>("kube-system", null, cancellationToken)).Metadata.Uid is { Length: > 0 } uid
            ? uid : throw new CliException(ExitCodes.Error, "the Namespace kube-system has no UID. Give the cluster's id with --cluster.");
    }
}
