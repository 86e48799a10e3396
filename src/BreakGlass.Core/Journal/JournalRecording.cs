using System.Security.Cryptography;

namespace BreakGlass.Core.Journal;

/// <summary>The recording of one stream, as the entries of the journal describe it.</summary>
/// <param name="GrantUid">The UID of the grant.</param>
/// <param name="Stream">The stream: the auditID of its request.</param>
/// <param name="Parts">The parts that have an entry, in their order, each with its position in the journal.</param>
public sealed record JournalRecording(string GrantUid, string Stream, IReadOnlyList<(long Index, RecordingPart Part)> Parts)
{
    private const string Separator = "/recording/";

    /// <summary>When the stream began.</summary>
    public DateTimeOffset StartedAt => Parts[0].Part.StartedAt;

    /// <summary>How long the stream was open when its last part ended.</summary>
    public TimeSpan Duration => TimeSpan.FromMilliseconds(Math.Clamp(Parts.Max(p => p.Part.EndsAfter), 0, int.MaxValue));

    /// <summary>The size of all parts as they are stored, in bytes.</summary>
    public long Size => Parts.Sum(p => Math.Clamp(p.Part.Size, 0, RecordingFile.MostBytes));

    /// <summary>The request: what was executed, and where.</summary>
    public string? Request => Parts.Select(p => p.Part.Request).FirstOrDefault(r => r is not null);

    /// <summary>Whether the recording has all its parts, from its begin to its end.</summary>
    public bool IsComplete => !Problems().Any();

    /// <summary>Whether a part has no entry, although a later one has. A recording without an end lacks none.</summary>
    public bool LacksParts => Parts[^1].Part.Part != Parts.Count - 1;

    /// <summary>The recordings in entries, in the order in which their streams began. Entries of other types are passed over.</summary>
    public static IReadOnlyList<JournalRecording> Of(IEnumerable<ProvenEntry> entries) =>
    [
        .. entries.Select(e => (e.Index, Uid: UidOf(e.Entry), Part: e.Entry.Data.Recording)).Where(e => e.Uid is not null)
            .GroupBy(e => (Uid: e.Uid!, e.Part!.Stream))
            .Select(stream => new JournalRecording(
                stream.Key.Uid, stream.Key.Stream, [.. stream.DistinctBy(e => e.Part!.Part).OrderBy(e => e.Part!.Part).Select(e => (e.Index, e.Part!))]))
            .OrderBy(r => r.StartedAt).ThenBy(r => r.Stream, StringComparer.Ordinal),
    ];

    /// <summary>The UID of the grant that an entry has a part of a recording of; null if it has none.</summary>
    public static string? UidOf(JournalEntry entry) =>
        entry is { Type: EntryTypes.SessionRecording, Data.Recording: { } part } && EntryId.ObjectOf(entry.Id) is { } uid
            && entry.Id == string.Create(CultureInfo.InvariantCulture, $"{uid}{Separator}{part.Stream}/{part.Part}")
            && PathOf(uid, part) is not null ? uid : null;

    /// <summary>The path of the file with a part.</summary>
    public string PathOf(RecordingPart part) => PathOf(GrantUid, part)!;

    /// <summary>Whether a file is the part that the journal has an entry of.</summary>
    public static bool IsPart(RecordingPart part, ReadOnlySpan<byte> file) =>
        Convert.ToHexStringLower(SHA256.HashData(file)).Equals(part.Hash, StringComparison.OrdinalIgnoreCase);

    /// <summary>What is missing in the recording, in sentences.</summary>
    public IEnumerable<string> Problems()
    {
        var next = 0;
        foreach (var (_, part) in Parts)
        {
            if (part.Part > next) yield return $"{Numbers(next, part.Part - 1)}: the journal has no entry for {(part.Part == next + 1 ? "it" : "them")}.";
            if (part.Missing is > 0 and var missing) yield return string.Create(
                CultureInfo.InvariantCulture, $"{missing} bytes of the stream before part {part.Part} were not recorded.");
            next = part.Part + 1;
        }

        if (!Parts.Any(p => p.Part.Last is true)) yield return
            "The recording has no end: the stream is still open, or its last parts were not recorded.";
    }

    /// <summary>Whether the entry before a part is missing, or bytes before it are.</summary>
    public bool HasGapBefore(int position) =>
        Parts[position].Part is { Missing: > 0 } || Parts[position].Part.Part != (position == 0 ? 0 : Parts[position - 1].Part.Part + 1);

    private static string? PathOf(string uid, RecordingPart part) =>
        RecordingFile.PathOf(uid, part.Stream, part.Part, part.Apart is true ? part.Hash : null);

    private static string Numbers(int first, int last) => first == last
        ? string.Create(CultureInfo.InvariantCulture, $"Part {first} is missing")
        : string.Create(CultureInfo.InvariantCulture, $"Parts {first} to {last} are missing");
}
