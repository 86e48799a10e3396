namespace BreakGlass.Cli.Vouchers;

/// <summary><c>voucher authority</c>: a key of an authority, and its manifest.</summary>
internal static class AuthorityCommand
{
    public static Command Create(Invocation invocation)
    {
        var name = new Argument<string>("NAME") { Description = "The name of the BreakGlassAuthority, for example offline-2026" };
        var file = new Option<string>("--private-key") { Description = "The new file for the private key", HelpName = "FILE", Required = true };
        var type = new Option<string>("--type") { Description = "The type of the key: P-256 (default) or Ed25519", HelpName = "TYPE",
            DefaultValueFactory = _ => KeyFile.EllipticCurve };
        type.AcceptOnlyFromAmong(KeyFile.EllipticCurve, KeyFile.Edwards);
        var required = new Option<int?>("--required") { Description = "How many different keys must sign a voucher (default 1)", HelpName = "NUMBER" };
        var end = new Option<string?>("--not-after") { Description = "When signatures by the key no longer count (RFC 3339)", HelpName = "TIME" };
        var into = new Option<string?>("--into")
            { Description = "Add the key to the BreakGlassAuthority in this file; comments in the file are lost", HelpName = "FILE" };
        var command = new Command("authority", "Create a key that signs vouchers: the private key in a file, the BreakGlassAuthority on standard output.")
            { name, file, type, required, end, into };
        var passphrase = new Passphrase(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            var (host, path, manifest) = (invocation.Host, parse.GetRequiredValue(file), parse.GetValue(into));
            var authority = parse.GetRequiredValue(name);
            if (ObjectNameProblem(authority) is { } problem) throw CliException.Usage(problem);
            if (parse.GetValue(required) is < 1 or > Bounds.MostAuthorityKeys)
                throw CliException.Usage($"--required: must be from 1 to {Bounds.MostAuthorityKeys}.");
            DateTimeOffset? notAfter = VoucherOptions.Time(parse.GetValue(end), "--not-after");
            KeyFile.CheckNew(path);
            var existing = manifest is null ? null : await AuthorityManifest.ReadAsync(manifest, cancellationToken);
            if (existing is not null && AuthorityManifest.NameOf(existing) != authority)
                throw CliException.Usage($"'{manifest}' is about the authority '{AuthorityManifest.NameOf(existing)}', not '{authority}'.");

            var keys = existing is null ? null : AuthorityManifest.Keys(existing, manifest!);
            using var key = await KeyFile.CreateAuthorityKeyAsync(
                path, parse.GetRequiredValue(type), await passphrase.ReadNewAsync(parse, host, path, cancellationToken), cancellationToken);
            var added = key.PublicKey with { NotAfter = notAfter };
            await host.SayAsync($"{path}: the private key {key.Kid}. Keep it offline, for example in a safe, and never in a cluster.");
            if (existing is null || keys is null)
            {
                await OutputFormat.WriteNodeAsync(host, OutputFormat.Yaml, AuthorityManifest.Of(authority, added, parse.GetValue(required) ?? 1));
                return ExitCodes.Ok;
            }

            keys.Add((JsonNode)AuthorityManifest.ToJson(added));
            if (parse.GetValue(required) is { } count) existing["spec"]!["required"] = count;
            await File.WriteAllTextAsync(manifest!, YamlText.Write(existing), cancellationToken);
            await host.SayAsync($"{manifest}: the key {key.Kid} was added");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static string? ObjectNameProblem(string name) =>
        name.Length is 0 or > Bounds.LongestName || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')
            || !char.IsAsciiLetterOrDigit(name[0]) || !char.IsAsciiLetterOrDigit(name[^1])
            ? $"'{name}' is not a valid name of a BreakGlassAuthority; use lower-case letters, digits, '-' and '.', at most {Bounds.LongestName}." : null;
}
