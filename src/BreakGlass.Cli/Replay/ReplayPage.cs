using System.Net;
using BreakGlass.Cli.Evidence;
using BreakGlass.Core.Journal;

namespace BreakGlass.Cli.Replay;

/// <summary>A page that plays the recordings of a grant and says what was verified.</summary>
/// <param name="recordings">What the journal has.</param>
/// <param name="streams">The recordings, as they were read.</param>
internal sealed class ReplayPage(GrantRecordings recordings, IReadOnlyList<RecordedStream> streams)
{
    private readonly List<string> _problems = [];

    /// <summary>What cannot be shown, in sentences, once the page was made.</summary>
    public IReadOnlyList<string> Problems => _problems;

    public string Html(DateTimeOffset now)
    {
        var title = WebUtility.HtmlEncode(VisibleText.Line($"Recordings of the break-glass grant {recordings.Grant}"));
        var text = new StringBuilder($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="{PlayerMarkup.Policy}">
            <title>{title}</title>
            <style>
            {EvidenceText.Style}
            {PlayerMarkup.Style}
            </style>
            </head>
            <body>
            <h1>{title}</h1>

            """);
        PlayerMarkup.Table(text, Facts());
        foreach (var stream in streams)
        {
            var number = StreamWords.Number(recordings, stream.Recording);
            text.Append(CultureInfo.InvariantCulture, $"<h2>Stream {number} of {recordings.Streams.Count}</h2>\n");
            _problems.AddRange(PlayerMarkup.Write(text, number, stream));
        }

        return text.Append("<footer>").Append(WebUtility.HtmlEncode(
                $"Created at {Timestamp.Text(now)} by kubectl breakglass {ThisVersion.Text.Split('+')[0]} from the journal. The player is asciinema-player "
                    + "(Apache-2.0). It shows what was written to the terminal; programs can hide text there, and 'replay --text' shows it."))
            .Append("</footer>\n").Append(PlayerMarkup.End).Append("</body>\n</html>\n").ToString();
    }

    private IEnumerable<(string Name, string Value)> Facts()
    {
        var transitions = recordings.Transitions.ToList();
        var about = transitions.Find(t => t.Data.Justification is not null)
            ?? recordings.Journal.Entries.Select(e => e.Entry).First(e => JournalRecording.UidOf(e) == recordings.Uid);
        yield return ("Grant", $"{recordings.Grant} ({recordings.Uid})");
        yield return ("Who", VisibleText.Name(about.Data.Requester));
        yield return ("Why", about.Data.Justification ?? "");
        yield return ("Ticket", about.Data.Ticket ?? "");
        yield return ("Policy", about.Data.Policy ?? "");
        yield return ("Transitions", string.Join('\n', transitions.Select(t => $"{Timestamp.Text(t.Time)} {t.Data.To} ({t.Data.Reason})")));
        var checkpoint = recordings.Journal.Checkpoint!;
        yield return ("Journal", $"{checkpoint.Origin}, {checkpoint.Size} entries, root {checkpoint.Root}");
        yield return ("Verification", recordings.Verification);
        yield return ("Problems", string.Join('\n', recordings.Journal.Problems));
    }
}
