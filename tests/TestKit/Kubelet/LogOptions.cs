using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace TestKit.Kubelet;

/// <summary>What a client wants of a log.</summary>
internal sealed record LogOptions(bool Follow, bool Timestamps, long? TailLines, long? LimitBytes, DateTimeOffset Since)
{
    /// <summary>Reads the options of the query.</summary>
    public static LogOptions Of(IQueryCollection query)
    {
        long? Number(string name) => long.TryParse(query[name], CultureInfo.InvariantCulture, out var value) ? value : null;
        bool Flag(string name) => bool.TryParse(query[name], out var value) && value;
        var since = Number("sinceSeconds") is { } seconds ? TimeProvider.System.GetUtcNow().AddSeconds(-seconds)
            : DateTimeOffset.TryParse(query["sinceTime"], CultureInfo.InvariantCulture, out var time) ? time : DateTimeOffset.MinValue;
        return new(Flag("follow"), Flag("timestamps"), Number("tailLines"), Number("limitBytes"), since);
    }
}
