using BreakGlass.Cli.Replay;
using BreakGlass.Core.Journal;

namespace BreakGlass.Cli.Evidence;

/// <summary>What the journal has of a grant's streams.</summary>
/// <param name="Recordings">The entries.</param>
/// <param name="Streams">The recordings with their files; none if the files were not read.</param>
internal sealed record JournalEvidence(GrantRecordings Recordings, IReadOnlyList<RecordedStream> Streams)
{
    /// <summary>The number of a request's recording; null if it has none.</summary>
    public int? NumberOf(string auditId)
    {
        var number = Recordings.Streams.TakeWhile(s => s.Stream != auditId).Count();
        return number < Recordings.Streams.Count ? number + 1 : null;
    }
}
