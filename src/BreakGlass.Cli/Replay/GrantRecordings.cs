using BreakGlass.Core.Journal;

namespace BreakGlass.Cli.Replay;

/// <summary>What a journal has about one grant and the recordings of its streams.</summary>
/// <param name="Grant">The name of the grant.</param>
/// <param name="Uid">Its UID.</param>
/// <param name="Journal">Its entries.</param>
/// <param name="Key">The key that verified them; null if they were not verified.</param>
internal sealed record GrantRecordings(string Grant, string Uid, GrantReport Journal, VerifierKey? Key)
{
    /// <summary>The recordings, in the order in which their streams began.</summary>
    public IReadOnlyList<JournalRecording> Streams { get; } = [.. JournalRecording.Of(Journal.Entries).Where(s => s.GrantUid == Uid)];

    /// <summary>The entries with the transitions of the grant.</summary>
    public IEnumerable<JournalEntry> Transitions => Journal.Entries.Select(e => e.Entry).Where(e => e.Position?.Uid == Uid);

    /// <summary>The requests that executed something, each with its first and its last event.</summary>
    public IReadOnlyList<(SessionEvent First, SessionEvent Last)> Commands { get; } =
    [
        .. Journal.Entries.Where(e => e.Entry.Id.StartsWith(Uid + "/", StringComparison.Ordinal))
            .SelectMany(e => e.Entry.Data.Events ?? []).Where(IsCommand).GroupBy(e => e.AuditId)
            .Select(request => (First: request.MinBy(e => e.At)!, Last: request.MaxBy(e => e.At)!)).OrderBy(c => c.First.ReceivedAt),
    ];

    /// <summary>What was executed and is not recorded, in sentences. If no stream of the grant is recorded, none had to be.</summary>
    public IEnumerable<string> Unrecorded()
    {
        if (Streams.Count == 0) yield break;
        foreach (var (first, last) in Commands)
        {
            var number = Streams.TakeWhile(s => s.Stream != first.AuditId).Count();
            if (number == Streams.Count && IsOpened(last))
            {
                yield return $"The {first.Subresource} of {Timestamp.Text(first.ReceivedAt)} in {VisibleText.Name($"{first.Namespace}/{first.Name}")} "
                    + "has no recording.";
            }
            else if (number < Streams.Count && last.Stage == "ResponseComplete" && !Streams[number].Parts.Any(p => p.Part.Last is true))
            {
                yield return $"Stream {number + 1} has ended, and the end of its recording is missing.";
            }
        }
    }

    /// <summary>Whether the journal verifies, as far as it was verified, and all that was executed is recorded.</summary>
    public bool IsGood => Journal.IsGood && !Unrecorded().Any();

    /// <summary>Whether a request got a stream, and was not refused.</summary>
    public static bool IsOpened(SessionEvent last) => last.Code is 101;

    private static bool IsCommand(SessionEvent happened) => happened is { Resource: "pods", ApiGroup: null or "", Subresource: "exec" or "attach" };

    /// <summary>The UIDs of the grants that had a name.</summary>
    public static IReadOnlyList<string> UidsIn(GrantReport journal) =>
        [.. journal.Entries.Select(e => e.Entry.Position?.Uid ?? JournalRecording.UidOf(e.Entry)).OfType<string>().Distinct(StringComparer.Ordinal)];

    /// <summary>Whether what is shown was verified, in a sentence.</summary>
    public string Verification => Key is null
        ? "Not verified: without the journal's public key, nothing shows that the operator wrote these entries."
        : Journal.IsGood
            ? $"Verified with the key {Key.Name}: the journal's checkpoint of {Journal.Checkpoint!.Size} entries, and that it contains the entries with "
                + "the hashes of the recordings."
        : $"Not verified: the journal has problems that the key {Key.Name} shows.";
}
