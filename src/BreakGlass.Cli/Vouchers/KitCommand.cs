using BreakGlass.Core.Vouchers;

namespace BreakGlass.Cli.Vouchers;

/// <summary><c>voucher kit</c>: one encrypted file for the safe, and opening it.</summary>
internal static class KitCommand
{
    /// <summary>How much of the courier's time may be missing or too much before it is worth a word.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromHours(1);

    private const string AuthenticatedGroup = "system:authenticated";

    public static Command Create(Invocation invocation)
    {
        var output = new Option<string?>("--out", "-f") { Description = "The new file for the kit", HelpName = "FILE" };
        var vouchers = new Option<string[]>("--voucher") { Description = "A voucher; can be repeated", HelpName = "FILE", DefaultValueFactory = _ => [] };
        var keys = new Option<string[]>("--holder-key")
            { Description = "The private key of a holder, which stays encrypted with its own passphrase; can be repeated", HelpName = "FILE",
                DefaultValueFactory = _ => [] };
        var courier = new Option<string?>("--courier")
            { Description = "The courier's kubeconfig, with a token or a client certificate in it", HelpName = "FILE" };
        var account = new Option<string?>("--courier-account")
            { Description = "Instead of --courier: the ServiceAccount that a token is requested for, as NAMESPACE/NAME", HelpName = "ACCOUNT" };
        var user = new Option<string?>("--courier-user")
            { Description = "Instead of --courier: the user that a client certificate is requested for (CertificateSigningRequest). With --courier-account as "
                + "well, the token is used if the cluster gives no certificate", HelpName = "USER" };
        var duration = new Option<string?>("--courier-duration")
            { Description = $"How long that certificate or token can be used (default {Bounds.UsualVoucherAge}); the API server can give less",
                HelpName = "DURATION" };
        var command = new Command(
            "kit", "Pack vouchers, holders' keys and the courier's kubeconfig into one encrypted file, and print the page that goes with it.")
            { output, vouchers, keys, courier, account, user, duration };
        var passphrase = new Passphrase(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            var host = invocation.Host;
            var file = parse.GetValue(output) ?? throw CliException.Usage("--out is missing: name the new file for the kit.");
            if (parse.GetValue(vouchers) is not { Length: > 0 } voucherFiles)
                throw CliException.Usage("--voucher is missing: a kit needs at least one voucher.");
            if (parse.GetValue(courier) is null == (parse.GetValue(account) ?? parse.GetValue(user)) is null)
            {
                throw CliException.Usage(
                    "give one of --courier and --courier-account, or --courier-user: without a courier the vouchers could not be presented.");
            }

            if (parse.GetValue(user) is { } named) CourierCertificate.CheckUser(named);
            KeyFile.CheckNew(file);

            List<KitItem> items = [];
            List<(string Name, SignedVoucher Voucher)> packed = [];
            foreach (var path in voucherFiles)
            {
                items.Add(await KitItem.ReadAsync(path, cancellationToken));
                packed.Add((items[^1].Name, (await VoucherFile.ReadAsync(host, path, cancellationToken)).Voucher));
            }

            foreach (var path in parse.GetValue(keys) ?? []) items.Add(await KeyAsync(path, cancellationToken));
            var identity = parse.GetValue(courier) is { } existing
                ? await Courier.OfFileAsync(existing, cancellationToken)
                : await CourierAsync(invocation, parse, parse.GetValue(account), parse.GetValue(user), parse.GetValue(duration), cancellationToken);
            items.Add(new(KitPage.CourierFile, identity.Kubeconfig));
            var now = host.Time.GetUtcNow();
            var page = KitPage.Text(Path.GetFileName(file), now, identity.Until, packed, [.. items.Skip(packed.Count).SkipLast(1).Select(i => i.Name)]);
            items.Add(new(KitPage.Name, Encoding.UTF8.GetBytes(page)));
            if (items.GroupBy(i => i.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { Key: var twice })
                throw CliException.Usage($"two files of the kit would be called '{twice}'. Rename one of them.");

            var secret = await passphrase.ReadNewAsync(parse, host, file, cancellationToken);
            await CredentialFiles.WriteAsync(file, KitFile.Seal(items, secret, now), cancellationToken, overwrite: false);
            await host.Out.WriteAsync(page);
            await host.SayAsync($"{file}: {items.Count} files, encrypted. Keep the file and its passphrase in different places, and print this page.");
            return ExitCodes.Ok;
        });
        command.Subcommands.Add(Open(invocation));
        return command;
    }

    private static Command Open(Invocation invocation)
    {
        var file = new Argument<string>("FILE") { Description = "The kit" };
        var to = new Option<string>("--to") { Description = "The directory for its files, which only you can read", HelpName = "DIR", Required = true };
        var command = new Command("open", "Open a kit.") { file, to };
        var passphrase = new Passphrase(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            var (host, kit, directory) = (invocation.Host, parse.GetRequiredValue(file), parse.GetRequiredValue(to));
            var items = KitFile.Open(kit, await passphrase.ReadAsync(parse, host, kit, cancellationToken));
            foreach (var item in items.Where(i => Path.Exists(Path.Combine(directory, i.Name))))
                throw CliException.Usage($"'{Path.Combine(directory, item.Name)}' already exists and is not overwritten. Use another directory.");
            foreach (var item in items)
                await CredentialFiles.WriteAsync(Path.Combine(directory, item.Name), item.Content, cancellationToken, overwrite: false);
            if (items.FirstOrDefault(i => i.Name == KitPage.Name) is { } page)
                await host.Out.WriteAsync(VisibleText.Lines(Encoding.UTF8.GetString(page.Content)));
            await host.SayAsync($"{directory}: {string.Join(", ", items.Select(i => i.Name))}");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task<KitItem> KeyAsync(string path, CancellationToken cancellationToken)
    {
        var key = await KitItem.ReadAsync(path, cancellationToken);
        return Encoding.UTF8.GetString(key.Content).Contains("-----BEGIN ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal) ? key
            : throw CliException.Usage($"'{path}' is not an encrypted private key. The key of a holder goes into a kit only with a passphrase of its own.");
    }

    /// <summary>A client certificate if a user is named and the cluster gives one; otherwise a token if an account is named.</summary>
    private static async Task<Courier> CourierAsync(
        Invocation invocation, ParseResult parse, string? account, string? user, string? duration, CancellationToken cancellationToken)
    {
        var host = invocation.Host;
        var wanted = VoucherOptions.Duration(duration, "--courier-duration", Bounds.UsualVoucherAge, Bounds.LongestVoucher);
        if (account is not null) Courier.CheckAccount(account);
        using var cluster = invocation.Connect(parse);
        if (user is not null)
        {
            var (signed, why) = await new CourierCertificate(cluster, host).RequestAsync(user, wanted, canWait: account is null, cancellationToken);
            if (signed is not null)
            {
                await SayAsync(host, signed, $"a client certificate of the user {user}", wanted);
                await CourierRights.CheckAsync(cluster, host, user, [AuthenticatedGroup], $"--user={user}", cancellationToken);
                return signed;
            }

            if (account is null)
            {
                throw new CliException(ExitCodes.Refused, $"the courier gets no client certificate: {why}. Use a token of a ServiceAccount instead: "
                    + "--courier-account NAMESPACE/NAME.");
            }

            await host.SayAsync($"The courier gets no client certificate: {why}.");
        }

        var courier = await Courier.OfAccountAsync(cluster, account!, wanted, cancellationToken);
        await SayAsync(host, courier, $"a token of the ServiceAccount {account}", wanted);
        var (ns, name) = Courier.CheckAccount(account!);
        await CourierRights.CheckAsync(cluster, host, Subjects.ServiceAccountUser(ns, name), Subjects.ServiceAccountGroups(ns),
            $"--serviceaccount={ns}:{name}", cancellationToken);
        return courier;
    }

    private static async Task SayAsync(CliHost host, Courier courier, string what, TimeSpan wanted)
    {
        if (courier.Until is not { } until) return;
        await host.SayAsync($"The courier has {what}, until {Timestamp.Text(until)}.");
        var end = host.Time.GetUtcNow() + wanted;
        if (until < end - Tolerance)
            await host.SayAsync("Note: the API server shortened it: make the next kit before it ends.");
        else if (until > end + Tolerance)
        {
            await host.SayAsync("Note: that is longer than requested, because the cluster's signer decides (Kubernetes before 1.22). A certificate cannot be "
                + "revoked: when you replace the kit, remove the user's role binding and its entry in spec.couriers.");
        }
    }
}
