using BreakGlass.Cli.Replay;
using BreakGlass.Core.Journal;

namespace BreakGlass.Cli.Evidence;

/// <summary>What was executed in pods: each command from the journal, or else from the rows of the session; and what was recorded of it.</summary>
internal static class CommandEvidence
{
    public static IEnumerable<EvidenceSection> Sections(GrantEvidence evidence)
    {
        if (evidence.Journal is not { } journal)
        {
            yield return new("Commands in pods", ["first", "last", "pod", "command", "count", "result"], [.. Rows(evidence)], SessionEvidence.None(evidence));
            yield break;
        }

        yield return new("Commands in pods", ["from", "until", "pod", "command", "result", "recording"],
            [.. journal.Recordings.Commands.Select(c => Row(journal, c))], "None, by the journal.");
        yield return new("Recordings", ["number", "started", "lasted", "size", "recording", "request", "missing"],
            [.. journal.Recordings.Streams.Select(s => Row(journal, s))], "None.");
    }

    /// <summary>The recordings as data.</summary>
    public static JsonArray Json(JournalEvidence journal) => new([.. journal.Recordings.Streams.Select(stream => (JsonNode)new JsonObject
    {
        ["stream"] = stream.Stream,
        ["startedAt"] = Timestamp.Text(stream.StartedAt),
        ["milliseconds"] = (long)stream.Duration.TotalMilliseconds,
        ["request"] = stream.Request,
        ["complete"] = stream.IsComplete,
        ["missing"] = new JsonArray([.. Problems(journal, stream).Select(p => (JsonNode?)p)]),
        ["parts"] = new JsonArray([.. stream.Parts.Select(p => (JsonNode)new JsonObject
        {
            ["part"] = p.Part.Part, ["entry"] = p.Index, ["size"] = p.Part.Size, ["sha256"] = p.Part.Hash,
        })]),
    })]);

    private static IEnumerable<IReadOnlyList<string>> Rows(GrantEvidence evidence) =>
        from action in SessionEvidence.Actions(evidence)
        where action is { Resource: "pods", ApiGroup.Length: 0, Subresource: "exec" or "attach" }
        select (string[])
        [
            Timestamp.Text(action.FirstAt), Timestamp.Text(action.LastAt), SessionEvidence.Place(action), VisibleText.Line(action.Command),
            EvidenceDocument.Number(action.Count), SessionEvidence.Result(action.Result),
        ];

    private static IReadOnlyList<string> Row(JournalEvidence journal, (SessionEvent First, SessionEvent Last) command) => (string[])
    [
        Timestamp.Text(command.First.ReceivedAt), command.Last.Stage == "ResponseComplete" ? Timestamp.Text(command.Last.At) : "",
        VisibleText.Name($"{command.First.Namespace}/{command.First.Name}"),
        command.First.Subresource == "attach" ? "(attach)" : VisibleText.Line(command.First.Command ?? command.Last.Command),
        command.Last.Code switch { null => "", 403 => "refused", >= 400 => "failed", _ => "allowed" },
        journal.NumberOf(command.First.AuditId) is { } number ? EvidenceDocument.Number(number)
            : journal.Recordings.Streams.Count > 0 && GrantRecordings.IsOpened(command.Last) ? "missing" : "",
    ];

    private static IReadOnlyList<string> Row(JournalEvidence journal, JournalRecording stream) => (string[])
    [
        EvidenceDocument.Number(StreamWords.Number(journal.Recordings, stream)), Timestamp.Text(stream.StartedAt), StreamWords.Duration(stream),
        StreamWords.Size(stream.Size), StreamWords.State(stream), VisibleText.Line(stream.Request), string.Join(' ', Problems(journal, stream)),
    ];

    private static IEnumerable<string> Problems(JournalEvidence journal, JournalRecording stream) =>
        journal.Streams.FirstOrDefault(s => s.Recording.Stream == stream.Stream)?.Problems ?? stream.Problems();
}
