using System.Security.Cryptography;
using BreakGlass.Core.Journal;

namespace BreakGlass.Cli.Journal;

/// <summary><c>journal</c>: verifies and shows a journal, offline.</summary>
internal static class JournalCommand
{
    private const string Table = "table";
    private const string Lines = "jsonl";

    public static Command Create(Invocation invocation)
    {
        var command = new Command("journal", "Verify, show and export the journal, without a cluster.");
        command.Subcommands.Add(Verify(invocation));
        command.Subcommands.Add(Show(invocation));
        command.Subcommands.Add(Export(invocation));
        command.Subcommands.Add(KeyGen(invocation));
        return command;
    }

    private static Command Verify(Invocation invocation)
    {
        var (command, source) = (
            new Command("verify", "Check that no byte of a journal, or of a bundle from 'report --bundle', was changed since it was signed."),
            new JournalSource());
        source.AddTo(command, orBundle: true);
        var grant = new Option<string?>("--grant") { Description = "Verify and print the entries of this grant", HelpName = "GRANT" };
        var kept = new Option<string?>("--checkpoint")
            { Description = "A checkpoint that was kept elsewhere: the journal must contain what it covers", HelpName = "FILE" };
        command.Options.Add(grant);
        command.Options.Add(kept);
        command.SetAction(async (parse, cancellationToken) =>
        {
            var (host, key) = (invocation.Host, source.Key(parse));
            if (File.Exists(source.Place(parse)))
            {
                if (parse.GetValue(grant) is not null || parse.GetValue(kept) is not null)
                    throw CliException.Usage("a bundle is the evidence of one grant. Verify it without --grant and --checkpoint.");
                return await VerifyBundleAsync(host, BundleCheck.Run(BundleZip.Read(source.Place(parse)!), key));
            }

            var reader = source.Reader(parse, cancellationToken);
            if (parse.GetValue(grant) is { } name)
            {
                if (parse.GetValue(kept) is not null)
                    throw CliException.Usage("--checkpoint is about the whole journal. Use it without --grant, then verify the grant.");
                var ofGrant = JournalCheck.RunFor(reader, key, name, cancellationToken);
                var code = await VerifyAsync(host, ofGrant, name);
                if (ofGrant.Checkpoint is null) await SayAsync(host, reader, key, cancellationToken);
                return code;
            }

            var report = JournalCheck.Run(reader, key, Kept(parse.GetValue(kept)), cancellationToken);
            await SayAsync(host, report.Problems);
            if (report.Checkpoint is null) await SayAsync(host, reader, key, cancellationToken);
            if (!report.IsGood) return ExitCodes.Error;
            await host.Out.WriteLineAsync(
                VisibleText.Line($"verified: {report.Checkpoint!.Size} entries of {report.Checkpoint.Origin}, root {report.Checkpoint.Root}"));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Show(Invocation invocation)
    {
        var (command, source, filter) = (new Command("show", "Verify the journal and print its entries."), new JournalSource(), new EntryFilter());
        source.AddTo(command);
        filter.AddTo(command);
        var output = OutputFormat.Option(Table, OutputFormat.Json);
        command.Options.Add(output);
        command.SetAction(async (parse, cancellationToken) =>
        {
            var (host, isSelected) = (invocation.Host, filter.Read(parse));
            var selected = new List<(long Index, ReadOnlyMemory<byte> Bytes, JournalEntry Entry)>();
            var code = await ForEachAsync(host, source.Reader(parse, cancellationToken), source.Key(parse), (index, bytes, entry) =>
            {
                if (isSelected(entry)) selected.Add((index, bytes, entry));
                return Task.CompletedTask;
            }, cancellationToken);
            if (parse.GetValue(output) == OutputFormat.Json) await OutputFormat.WriteNodeAsync(host, OutputFormat.Json, new JsonArray(
                [.. selected.Select(e => new JsonObject { ["index"] = e.Index, ["entry"] = Node(e.Bytes) })]));
            else await TableAsync(host, selected.Select(e => (e.Index, e.Entry)));
            return code;
        });
        return command;
    }

    private static Command Export(Invocation invocation)
    {
        var command = new Command("export", "Verify the journal and print its entries as CloudEvents.");
        var (source, filter) = (new JournalSource(), new EntryFilter());
        source.AddTo(command);
        filter.AddTo(command);
        var output = OutputFormat.Option(Lines, OutputFormat.Json);
        command.Options.Add(output);
        command.SetAction(async (parse, cancellationToken) =>
        {
            var (host, isSelected) = (invocation.Host, filter.Read(parse));
            JsonArray? array = parse.GetValue(output) == OutputFormat.Json ? new JsonArray() : null;
            var code = await ForEachAsync(host, source.Reader(parse, cancellationToken), source.Key(parse), async (_, bytes, entry) =>
            {
                if (!isSelected(entry)) return;
                if (array is not null) array.Add(Node(bytes));
                else await host.Out.WriteLineAsync(Encoding.UTF8.GetString(bytes.Span));
            }, cancellationToken);
            if (array is not null) await OutputFormat.WriteNodeAsync(host, OutputFormat.Json, array);
            return code;
        });
        return command;
    }

    private static Command KeyGen(Invocation invocation)
    {
        var command = new Command("keygen", "Create a key for a journal: the private key in a file, the public key on standard output.");
        var name = new Argument<string>("NAME") { Description = "The name of the journal, for example breakglass.example.com/prod" };
        var file = new Option<string>("--private-key") { Description = "The new file for the private key", HelpName = "FILE", Required = true };
        command.Arguments.Add(name);
        command.Options.Add(file);
        command.SetAction(async (parse, cancellationToken) =>
        {
            SigningKey key;
            try
            {
                key = SigningKey.Of(parse.GetRequiredValue(name), RandomNumberGenerator.GetBytes(SigningKey.SeedSize));
            }
            catch (ArgumentException)
            {
                throw CliException.Usage(
                    $"'{parse.GetRequiredValue(name)}' cannot be the name of a journal: it has 1 to 253 characters, without spaces and plus signs.");
            }

            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            await using (var writer = new StreamWriter(parse.GetRequiredValue(file), options)) await writer.WriteLineAsync(key.ToSecretText());
            await invocation.Host.Out.WriteLineAsync(key.Verifier.ToString());
            return ExitCodes.Ok;
        });
        return command;
    }

    private static ReadOnlyMemory<byte>? Kept(string? file)
    {
        // Not as a conditional expression: its null would be converted to an empty ReadOnlyMemory.
        if (file is null) return null;
        return JournalDirectory.Read(file, EntryBundle.LargestBundle)
            ?? throw new CliException(ExitCodes.NotFound, $"--checkpoint: there is no file '{file}'.");
    }

    private static async Task<int> VerifyAsync(CliHost host, GrantReport report, string grant)
    {
        await SayAsync(host, report.Problems);
        if (report is { IsGood: true, Entries.Count: 0 })
            throw new CliException(ExitCodes.NotFound, $"the journal has no entry of the grant '{grant}'. Check the name with 'journal show'.");
        if (report.Entries.Count > 0) await TableAsync(host, report.Entries.Select(e => (e.Index, e.Entry)));
        if (report.IsGood) await host.SayAsync($"verified: {report.Entries.Count} entries of {grant}, none missing between them");
        return report.IsGood ? ExitCodes.Ok : ExitCodes.Error;
    }

    private static async Task<int> VerifyBundleAsync(CliHost host, BundleReport report)
    {
        await SayAsync(host, report.Problems);
        if (report.Entries.Count > 0) await TableAsync(host, report.Entries.Select(e => (e.Index, e.Entry)));
        if (!report.IsGood) return ExitCodes.Error;
        await host.SayAsync($"verified: {report.Entries.Count} entries of {report.Grant} are in the journal {report.Checkpoint!.Origin}, none is missing, and "
            + $"{BundleFiles.Report} says the same about person, policy, times and reasons. Nothing proves the rest of the report: report.md and report.html "
            + "are copies for reading.");
        return ExitCodes.Ok;
    }

    /// <summary>Does something with all entries that can be read. What is wrong with the journal is said first, and is in the exit code.</summary>
    private static async Task<int> ForEachAsync(CliHost host, LogReader reader, VerifierKey key, Func<long, ReadOnlyMemory<byte>, JournalEntry, Task> act,
        CancellationToken cancellationToken)
    {
        var report = JournalCheck.Run(reader, key, cancellationToken: cancellationToken);
        await SayAsync(host, report.Problems);
        if (report.Checkpoint is null) await SayAsync(host, reader, key, cancellationToken);
        try
        {
            foreach (var (index, bytes) in JournalEntries.Read(reader, report.Checkpoint?.Size ?? 0))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (JournalEntry.Read(bytes) is { } entry) await act(index, bytes, entry);
                else await host.SayAsync($"Note: entry {index} is not one that this version can read. Use a newer version of the plugin.");
            }
        }
        catch (JournalException e)
        {
            await host.SayAsync($"error: {e.Message} Entries from there on are not shown.");
        }

        return report.IsGood ? ExitCodes.Ok : ExitCodes.Error;
    }

    private static async Task SayAsync(CliHost host, IReadOnlyList<JournalProblem> problems)
    {
        foreach (var problem in problems) await host.SayAsync($"error: {problem}");
    }

    /// <summary>Says which keys follow the one that was given. It is not used on its own: the person decides, who may know of a leak.</summary>
    private static async Task SayAsync(CliHost host, LogReader reader, VerifierKey key, CancellationToken cancellationToken)
    {
        foreach (var next in JournalKeyEntries.Followers(reader, key, cancellationToken))
        {
            await host.SayAsync($"Note: entry {next.Index} says that the key {next.Id} follows the key {next.Before}, and {next.Before} signed that. If "
                + $"{next.Before} has not leaked, add this line to the file of --key, and verify again:");
            await host.SayAsync(next.Key);
        }
    }

    private static async Task TableAsync(CliHost host, IEnumerable<(long Index, JournalEntry Entry)> entries)
    {
        var table = new TextTable("INDEX", "TIME", "TYPE", "SUBJECT", "ACTOR", "REASON");
        foreach (var (index, entry) in entries)
        {
            table.Add($"{index}", Timestamp.Text(entry.Time), entry.Type, EntryColumns.Subject(entry), EntryColumns.Actor(entry), EntryColumns.Reason(entry));
        }

        await table.WriteAsync(host);
    }

    private static JsonNode? Node(ReadOnlyMemory<byte> bytes) => JsonNode.Parse(bytes.Span);
}
