using BreakGlass.Cli.Evidence;
using BreakGlass.Cli.Journal;
using BreakGlass.Cli.Replay;
using BreakGlass.Core.Journal;

namespace BreakGlass.Cli.Commands;

/// <summary><c>report</c>: the evidence of one grant.</summary>
internal static class ReportCommand
{
    private const string Markdown = "markdown";
    private const string Html = "html";

    public static Command Create(Invocation invocation)
    {
        var name = new Argument<string>("GRANT") { Description = "The grant" };
        var output = OutputFormat.Option(Markdown, OutputFormat.Json, Html);
        var command = new Command("report", "Print the record of one grant: who, why, what, when, who approved it, how it ended, and its review.")
            { name, output };
        var (bundle, journal) = (new Option<string?>("--bundle")
            { Description = "Write the report with its proofs from the journal into a new zip file, which 'journal verify' verifies without the cluster",
              HelpName = "FILE" }, new JournalSource());
        var recordings = new Option<bool>("--recordings") { Description = "With --bundle: include the recordings of streams" };
        command.Options.Add(bundle);
        command.Options.Add(recordings);
        journal.AddOptionsTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            var (host, file) = (invocation.Host, parse.GetValue(bundle));
            if (journal.Place(parse) is not null != journal.HasKey(parse) || (file is not null && !journal.HasKey(parse)))
                throw CliException.Usage("--bundle, --journal and --key belong together: use all of them, the last two, or none.");
            if (parse.GetValue(recordings) && file is null) throw CliException.Usage("--recordings is for the zip file of --bundle. Use both.");
            using var cluster = invocation.Connect(parse);
            var evidence = await GrantEvidence.ReadAsync(cluster.Client, ObjectNames.Grant(parse.GetRequiredValue(name)), host.Time, cancellationToken);
            if (journal.HasKey(parse)) evidence = await WithJournalAsync(
                host, evidence, journal.Reader(parse, cancellationToken), journal.Key(parse), file is null || parse.GetValue(recordings), cancellationToken);
            if (file is not null) await BundleAsync(host, evidence, file, cancellationToken);
            else await PrintAsync(host, evidence, parse.GetValue(output));
            if (evidence.Unread.Count > 0)
            {
                var auditor = evidence.Unread.Any(what => what != GrantEvidence.EventsWord)
                    ? " Ask a person with the role breakglass-auditor for the full record." : "";
                var events = evidence.Unread.Contains(GrantEvidence.EventsWord) ? " To read events, you need the right to list events.events.k8s.io in the "
                    + "namespaces default and kube-system, which none of BreakGlass's roles gives." : "";
                await host.SayAsync(
                    $"Note: you are not allowed to read {string.Join(", ", evidence.Unread)}, so they are not in the report.{auditor}{events}");
            }

            return evidence.Journal is { } read && (read.Recordings.Unrecorded().Any() || !read.Streams.All(s => s.IsSound)) ? ExitCodes.Error : ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>Adds what the journal has of the grant, if it verifies.</summary>
    private static async Task<GrantEvidence> WithJournalAsync(
        CliHost host, GrantEvidence evidence, LogReader reader, VerifierKey key, bool withFiles, CancellationToken cancellationToken)
    {
        var (name, uid) = (evidence.Grant.Metadata.Name, evidence.Grant.Metadata.Uid ?? "");
        var proven = JournalCheck.RunFor(reader, key, name, cancellationToken);
        foreach (var problem in proven.Problems) await host.SayAsync($"error: {problem}");
        if (!proven.IsGood) throw new CliException(
            ExitCodes.Error, "the journal cannot prove this grant, so no report and no bundle was written. Run 'journal verify'.");
        var recordings = new GrantRecordings(name, uid, proven, key);
        foreach (var missing in recordings.Unrecorded()) await host.SayAsync($"error: {missing}");
        List<RecordedStream> streams = withFiles ? [.. recordings.Streams.Select(s => RecordedStream.Read(s, reader, cancellationToken))] : [];
        foreach (var stream in streams.Where(s => !s.IsSound))
        {
            foreach (var problem in stream.Problems) await host.SayAsync($"error: stream {StreamWords.Number(recordings, stream.Recording)}: {problem}");
        }

        return evidence with { Journal = new(recordings, streams) };
    }

    private static Task PrintAsync(CliHost host, GrantEvidence evidence, string? format) => format switch
    {
        OutputFormat.Json => OutputFormat.WriteNodeAsync(host, OutputFormat.Json, EvidenceText.Json(evidence)),
        Html => host.Out.WriteAsync(EvidenceText.Html(evidence)),
        _ => host.Out.WriteAsync(EvidenceText.Markdown(evidence)),
    };

    /// <summary>Writes the bundle, if it verifies: one that does not would only be found out when it is needed.</summary>
    private static async Task BundleAsync(CliHost host, GrantEvidence evidence, string file, CancellationToken cancellationToken)
    {
        var ((_, _, proven, key), streams) = (evidence.Journal!.Recordings, evidence.Journal.Streams);

        // The files are beside the report, which shows them as any other does: without the player.
        evidence = evidence with { Journal = new(evidence.Journal.Recordings, []) };
        var files = BundleFiles.Write(proven, key!,
        [
            new(BundleFiles.Report, Encoding.UTF8.GetBytes(OutputFormat.ToJson(EvidenceText.Json(evidence)) + "\n")),
            new("report.md", Encoding.UTF8.GetBytes(EvidenceText.Markdown(evidence))),
            new("report.html", Encoding.UTF8.GetBytes(EvidenceText.Html(evidence))),
        ], [.. streams.SelectMany(s => s.Recording.Parts.Zip(s.Files).Where(p => p.Second is not null)
            .Select(p => new LogFile(s.Recording.PathOf(p.First.Part), p.Second!.Value)))]);
        var check = BundleCheck.Run(files.ToDictionary(f => f.Path, f => f.Content, StringComparer.Ordinal), key!);
        foreach (var problem in check.Problems) await host.SayAsync($"error: {problem}");
        if (!check.IsGood) throw new CliException(ExitCodes.Error,
            "the journal does not say the same as the cluster, so no bundle was written. The operator writes the journal some seconds after the cluster's "
                + "records: try again. If this stays, check the operator's metric audit_backlog.");
        await using (var stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write))
            await stream.WriteAsync(BundleZip.Write(files), cancellationToken);
        await host.SayAsync($"{file}: the report and {check.Entries.Count} entries of {check.Grant} with their proofs. To verify it, use 'kubectl breakglass "
            + $"journal verify {file} --key FILE', with the key from a place that the author of the bundle cannot change.");
    }
}
