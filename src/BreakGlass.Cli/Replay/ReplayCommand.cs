using System.IO.Compression;
using BreakGlass.Cli.Commands;
using BreakGlass.Cli.Journal;
using BreakGlass.Core.Journal;

namespace BreakGlass.Cli.Replay;

/// <summary><c>replay</c>: plays what the gateway recorded of a grant's streams, from the journal.</summary>
internal static class ReplayCommand
{
    private const string Cast = "cast";
    private const double Fastest = 1000;
    private const int MostMarkers = 100;

    private static readonly TimeSpan UsualIdleLimit = TimeSpan.FromSeconds(2);

    public static Command Create(Invocation invocation)
    {
        var name = new Argument<string>("GRANT") { Description = "The grant" };
        var stream = new Argument<string?>("STREAM")
            { Description = "The stream: its number in the list, or its id. By default the only one; a list if there are several",
              Arity = ArgumentArity.ZeroOrOne };
        var journal = new JournalSource();
        var uid = new Option<string?>("--uid") { Description = "The UID of the grant, if several grants had this name", HelpName = "UID" };
        var speed = SpeedOption();
        var idleLimit = GlobalFlags.DurationOption("--idle-limit", "The longest pause; longer ones are shortened (default 2s)");
        var text = new Option<bool>("--text")
            { Description = "Print the output at once, as text, for grep and less. The default if standard output is not a terminal" };
        var output = OutputFormat.Option(Cast);
        var html = new Option<string?>("--html")
            { Description = "Write a page that plays the recordings in a browser, without network, into a new file", HelpName = "FILE" };
        var command = new Command("replay", "Play what the gateway recorded of a grant's exec and attach streams, and verify it with the journal.")
            { name, stream, uid, speed, idleLimit, text, output, html };
        journal.AddOptionsTo(command, required: true);
        command.SetAction(async (parse, cancellationToken) =>
        {
            var (host, page, isCast) = (invocation.Host, parse.GetValue(html), parse.GetValue(output) is Cast);
            if ((page is null ? 0 : 1) + (isCast ? 1 : 0) + (parse.GetValue(text) ? 1 : 0) > 1)
                throw CliException.Usage("--text, --output and --html cannot be used together. Choose one of them.");
            if (isCast && host.OutIsTerminal)
                throw CliException.Usage("an asciicast is a file. Redirect the output, for example: --output cast > stream.cast");
            var reader = journal.Reader(parse, cancellationToken);
            var recordings = await ReadAsync(
                invocation, parse, reader, journal.HasKey(parse) ? journal.Key(parse) : null, ObjectNames.Grant(parse.GetRequiredValue(name)),
                parse.GetValue(uid), cancellationToken);
            var chosen = parse.GetValue(stream) is { } word ? [Chosen(recordings, word)] : recordings.Streams;
            if (chosen.Count > 1 && page is null)
            {
                await ListAsync(host, recordings);
                return recordings.IsGood ? ExitCodes.Ok : ExitCodes.Error;
            }

            var streams = chosen.Select(s => RecordedStream.Read(s, reader, cancellationToken)).ToList();
            foreach (var read in streams) await SayAsync(host, recordings, read);
            if (page is not null) await WritePageAsync(host, page, new(recordings, streams), cancellationToken);
            else if (isCast) await CastAsync(host, streams[0], cancellationToken);
            else await PlayAsync(host, streams[0], parse.GetValue(text) ? null
                : new(host.Out, host.Time, parse.GetValue(speed) ?? 1, parse.GetValue(idleLimit) ?? UsualIdleLimit), cancellationToken);
            return recordings.IsGood && streams.TrueForAll(s => s.IsSound) ? ExitCodes.Ok : ExitCodes.Error;
        });
        return command;
    }

    private static async Task<GrantRecordings> ReadAsync(
        Invocation invocation, ParseResult parse, LogReader reader, VerifierKey? key, string grant, string? uid, CancellationToken cancellationToken)
    {
        var host = invocation.Host;
        var report = key is null
            ? JournalCheck.RunUnverifiedFor(reader, grant, cancellationToken) : JournalCheck.RunFor(reader, key, grant, cancellationToken);
        foreach (var problem in report.Problems) await host.SayAsync($"error: {problem}");
        if (report.Checkpoint is null) throw new CliException(ExitCodes.Error, "the journal cannot be read, so nothing is played. Run 'journal verify'.");
        var uids = GrantRecordings.UidsIn(report);
        if (uids.Count == 0)
            throw new CliException(ExitCodes.NotFound, $"the journal has no entry of the grant '{grant}'. Check the name with 'journal show'.");
        if (uid is null && uids.Count > 1)
        {
            using var cluster = invocation.Connect(parse);
            uid = (await cluster.Client.TryGetAsync<BreakGlassGrant>(grant, null, cancellationToken))?.Metadata.Uid ?? throw new CliException(
                ExitCodes.NotFound,
                $"{uids.Count} grants had the name '{grant}', and the cluster has none of them now. Choose one with --uid: {string.Join(", ", uids)}");
        }

        var recordings = new GrantRecordings(grant, uid ?? uids[0], report, key);
        if (uid is not null && !uids.Contains(uid)) throw new CliException(
            ExitCodes.NotFound, $"the journal has no entry of the grant '{grant}' with the UID {uid}. It has: {string.Join(", ", uids)}");
        if (recordings.Streams.Count == 0) throw new CliException(ExitCodes.NotFound, $"the journal has no recording of the grant '{grant}'. Streams are "
            + "recorded if its policy had session.path Gateway and session.record Streams when it was activated, and if something was executed.");
        if (key is null) await host.SayAsync($"Note: {recordings.Verification} Use --key.");
        foreach (var missing in recordings.Unrecorded()) await host.SayAsync($"error: {missing}");
        return recordings;
    }

    private static JournalRecording Chosen(GrantRecordings recordings, string word)
    {
        var streams = recordings.Streams;
        if (streams.FirstOrDefault(s => s.Stream == word) is { } byId) return byId;
        if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && number <= streams.Count)
            return streams[number - 1];
        throw new CliException(ExitCodes.NotFound, $"the grant '{recordings.Grant}' has no recorded stream '{word}'. It has {streams.Count}: use a number "
            + "from 1 to that, or leave it out to get the list.");
    }

    private static async Task ListAsync(CliHost host, GrantRecordings recordings)
    {
        var table = new TextTable("NUMBER", "STARTED", "DURATION", "SIZE", "RECORDING", "STREAM", "REQUEST");
        foreach (var (i, stream) in recordings.Streams.Index())
        {
            table.Add($"{i + 1}", Timestamp.Text(stream.StartedAt), StreamWords.Duration(stream), StreamWords.Size(stream.Size),
                new(StreamWords.State(stream), stream.IsComplete ? Tone.Good : Tone.Bad), stream.Stream, VisibleText.Line(stream.Request));
        }

        await table.WriteAsync(host);
        await host.SayAsync($"To play one: kubectl breakglass replay {recordings.Grant} NUMBER, with the same flags.");
    }

    private static async Task SayAsync(CliHost host, GrantRecordings recordings, RecordedStream stream)
    {
        var recording = stream.Recording;
        await host.SayAsync($"{recordings.Grant}, stream {StreamWords.Number(recordings, recording)} of {recordings.Streams.Count}: "
            + $"{Timestamp.Text(recording.StartedAt)}, {StreamWords.Duration(recording)}: {VisibleText.Line(recording.Request)}");
        foreach (var problem in stream.Problems) await host.SayAsync($"{(stream.IsSound ? "Note" : "error")}: {problem}");
    }

    private static async Task PlayAsync(CliHost host, RecordedStream stream, TerminalPlayer? player, CancellationToken cancellationToken)
    {
        var (reader, markers) = (new CastReader(), new List<CastEvent>());
        var events = reader.Read(stream).Where(happened =>
        {
            if (happened.Code is CastEvent.Marker && markers.Count < MostMarkers) markers.Add(happened);
            return happened.Code is CastEvent.Output or CastEvent.Gap;
        });
        if (player is not null && host is { OutIsTerminal: true } && host.Variable("TERM") != "dumb")
        {
            await player.PlayAsync(events, cancellationToken);
        }
        else
        {
            var filter = new TerminalFilter(plain: true);
            foreach (var happened in events)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (happened.Code is CastEvent.Gap) filter.Interrupt();
                else await host.Out.WriteAsync(filter.Pass(happened.Text));
            }

            await host.Out.WriteAsync(filter.End());
        }

        // What the gateway noted: how the command ended, why the stream was closed, what could not be recorded.
        foreach (var marker in markers) await host.SayAsync($"{GoDuration.Format(StreamWords.Rounded(marker.At))}: {VisibleText.Line(marker.Text)}");
        foreach (var problem in reader.Problems) await host.SayAsync($"Note: {problem}");
    }

    /// <summary>The parts as they were recorded, unpacked.</summary>
    private static async Task CastAsync(CliHost host, RecordedStream stream, CancellationToken cancellationToken)
    {
        var (decoder, bytes, chars) = (Encoding.UTF8.GetDecoder(), new byte[64 * 1024], new char[64 * 1024 + 1]);
        foreach (var file in stream.Files.OfType<ReadOnlyMemory<byte>>())
        {
            await using var unpacked = new GZipStream(new MemoryStream(file.ToArray(), writable: false), CompressionMode.Decompress);
            try
            {
                for (int count; (count = await unpacked.ReadAsync(bytes, cancellationToken)) > 0;)
                    await host.Out.WriteAsync(chars.AsMemory(0, decoder.GetChars(bytes.AsSpan(0, count), chars, flush: false)), cancellationToken);
            }
            catch (InvalidDataException e)
            {
                throw new CliException(
                    ExitCodes.Error, "a part is what was recorded, and is not gzip. Take it from the journal's storage as it is.", e);
            }
        }
    }

    private static async Task WritePageAsync(CliHost host, string file, ReplayPage page, CancellationToken cancellationToken)
    {
        // What was typed into a shell can be secret.
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using (var writer = new StreamWriter(file, options)) await writer.WriteAsync(page.Html(host.Time.GetUtcNow()).AsMemory(), cancellationToken);
        foreach (var problem in page.Problems) await host.SayAsync($"Note: {problem}");
        await host.SayAsync($"{file}: the page. Only you can read it.");
    }

    private static Option<double?> SpeedOption() => new("--speed")
    {
        Description = "How many times faster to play (default 1)",
        HelpName = "N",
        CustomParser = result =>
        {
            var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var speed) && speed is > 0 and <= Fastest)
                return speed;
            result.AddError($"--speed: '{text}' is not a valid speed; use for example 2, or 0.5 for half the speed.");
            return null;
        },
    };
}
