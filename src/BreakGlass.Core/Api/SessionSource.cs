using System.Text.Json.Serialization;
using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>Requests of a session that came from one address with one program.</summary>
public sealed record SessionSource
{
    /// <summary>The address.</summary>
    [Length(maxLength: 64)]
    public string Address { get; init => field = value ?? ""; } = "";

    /// <summary>The program (User-Agent).</summary>
    [Length(maxLength: 256)]
    public string Program { get; init => field = value ?? ""; } = "";

    /// <summary>The time of the first request.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset FirstAt { get; init; }

    /// <summary>The time of the last request.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset LastAt { get; init; }
}
