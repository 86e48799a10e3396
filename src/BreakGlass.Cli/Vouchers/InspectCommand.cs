using BreakGlass.Core.Vouchers;

namespace BreakGlass.Cli.Vouchers;

/// <summary><c>voucher inspect</c>: what a voucher gives, to whom, and what is missing.</summary>
internal static class InspectCommand
{
    private const string Table = "table";

    public static Command Create(Invocation invocation)
    {
        var file = new Argument<string>("FILE") { Description = "The voucher, or - for standard input" };
        var manifest = new Option<string?>("--authority")
            { Description = "The file with the BreakGlassAuthority; its keys verify the signatures", HelpName = "FILE" };
        var output = OutputFormat.Option(Table, OutputFormat.Json, OutputFormat.Yaml);
        var command = new Command("inspect", "Show what a voucher gives, to whom, who signed it, and what is missing.") { file, manifest, output };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var host = invocation.Host;
            var (voucher, _) = await VoucherFile.ReadAsync(host, parse.GetRequiredValue(file), cancellationToken);
            var authority = parse.GetValue(manifest) is { } path ? await AuthorityManifest.ReadTypedAsync(path, cancellationToken) : null;
            var found = VoucherFindings.Of(voucher, authority, host.Time.GetUtcNow());
            if (OutputFormat.IsForPrograms(parse.GetValue(output))) await OutputFormat.WriteNodeAsync(host, parse.GetValue(output), ToJson(voucher, found));
            else await TableOf(voucher, found).WriteAsync(host);
            foreach (var problem in found.Problems) await host.SayAsync($"error: {problem}");
            if (authority is null) await host.SayAsync("Note: nothing is verified without --authority FILE.");
            return found.Problems.Count > 0 ? ExitCodes.Error : ExitCodes.Ok;
        });
        return command;
    }

    private static TextTable TableOf(SignedVoucher voucher, VoucherFindings found)
    {
        var (claims, table) = (voucher.Claims, new TextTable("FIELD", "VALUE"));
        void Row(string field, string value, Tone tone = Tone.Plain) => table.Add(new(field), new(value, tone));
        Row("ID", claims.Id);
        Row("PERSON", VisibleText.Name(claims.Person));
        Row("KEY", HolderKey.Thumbprint(claims.HolderKey));
        Row("POLICY", claims.Policy);
        Row("ACCESS", All(claims.Access));
        Row("NAMESPACES", All(claims.Namespaces));
        Row("AT MOST", GoDuration.Format(claims.MaxDuration));
        Row("CLUSTER", claims.Cluster);
        Row("AUTHORITY", claims.Authority);
        Row("ISSUED", Timestamp.Text(claims.IssuedAt));
        Row("VALID", $"{Timestamp.Text(claims.NotBefore)} to {Timestamp.Text(claims.Expires)}");
        foreach (var (kid, state) in found.Signatures)
        {
            Row("SIGNED BY", state is null ? kid : $"{kid} ({state})", state switch
            {
                null => Tone.Plain, VoucherFindings.Verified => Tone.Good, _ => Tone.Bad,
            });
        }

        return table;
    }

    private static JsonObject ToJson(SignedVoucher voucher, VoucherFindings found)
    {
        var claims = voucher.Claims;
        return new()
        {
            ["id"] = claims.Id, ["person"] = claims.Person, ["policy"] = claims.Policy, ["access"] = List(claims.Access),
            ["namespaces"] = List(claims.Namespaces),
            ["maxDuration"] = GoDuration.Format(claims.MaxDuration), ["cluster"] = claims.Cluster, ["authority"] = claims.Authority,
            ["issuedAt"] = Timestamp.Text(claims.IssuedAt), ["notBefore"] = Timestamp.Text(claims.NotBefore), ["expires"] = Timestamp.Text(claims.Expires),
            ["holderKey"] = HolderKey.ToJson(claims.HolderKey), ["hash"] = voucher.Hash,
            ["signatures"] = new JsonArray([.. found.Signatures.Select(s => new JsonObject
                { ["kid"] = s.Kid, ["verified"] = s.State is null ? null : JsonValue.Create(s.State == VoucherFindings.Verified) })]),
            ["problems"] = List(found.Problems),
        };
    }

    private static JsonArray List(IReadOnlyList<string> texts) => new([.. texts.Select(t => JsonValue.Create(t))]);

    private static string All(IReadOnlyList<string> names) => names.Count == 0 ? "all of the policy" : string.Join(", ", names);
}
