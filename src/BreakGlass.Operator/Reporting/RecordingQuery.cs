using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Reporting;

/// <summary>What the gateway says of a part of a recording, in the query of its request.</summary>
/// <param name="Grant">The name of the grant.</param>
/// <param name="GrantUid">Its UID.</param>
/// <param name="Part">The part; its hash and size come from its bytes.</param>
internal sealed record RecordingQuery(string Grant, string GrantUid, RecordingPart Part)
{
    /// <summary>The most bytes of the text that says what was executed.</summary>
    public const int LongestRequest = 1024;

    private static readonly DateTimeOffset Earliest = DateTimeOffset.UnixEpoch;
    private static readonly DateTimeOffset Latest = new(9000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Where the part is stored.</summary>
    public string Path => RecordingFile.PathOf(GrantUid, Part.Stream, Part.Part)!;

    /// <summary>Reads the query; null if it is not one of the gateway's.</summary>
    public static RecordingQuery? Read(IQueryCollection query)
    {
        if (query["grant"] is not [{ Length: > 0 } grant] || query["uid"] is not [{ } uid] || query["stream"] is not [{ } stream]
            || Number(query, "part", int.MaxValue) is not { } part || RecordingFile.PathOf(uid, stream, (int)part) is null
            || !Timestamp.TryParse(query["startedAt"], out var startedAt) || startedAt < Earliest || startedAt > Latest
            || Number(query, "endsAfter", (long)BreakGlassApi.LongestGrant.TotalMilliseconds * 2) is not { } endsAfter
            || query["request"] is not [{ } request] || Encoding.UTF8.GetByteCount(request) > LongestRequest) return null;
        var missing = query.ContainsKey("missing") ? Number(query, "missing", long.MaxValue) : 0;
        return missing is null ? null : new(grant, uid, new()
        {
            Stream = stream, Part = (int)part, Last = query["last"] == "true" ? true : null, Hash = "", Size = 0, StartedAt = startedAt, EndsAfter = endsAfter,
            Request = request, Missing = missing > 0 ? missing : null,
        });
    }

    private static long? Number(IQueryCollection query, string name, long most) =>
        long.TryParse(query[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most ? number : null;
}
