using System.Text.Json.Serialization;

namespace BreakGlass.Core.Api;

/// <summary>What a grant was used for, as the API server's audit events say.</summary>
public sealed record SessionSummary
{
    /// <summary>The number of requests of the grant's identity.</summary>
    public long Requests { get; init; }

    /// <summary>The number of successful writes.</summary>
    public long Writes { get; init; }

    /// <summary>The number of refused requests (401 and 403).</summary>
    public long Denied { get; init; }

    /// <summary>The number of commands that were executed in pods, and of attachments to them.</summary>
    public long Exec { get; init; }

    /// <summary>The number of forwarded ports.</summary>
    public long PortForward { get; init; }

    /// <summary>The number of requests that read Secrets.</summary>
    public long SecretsRead { get; init; }

    /// <summary>The time of the last request.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? LastActivityAt { get; init; }

    /// <summary>The addresses that requests came from, in the order in which they were first seen. At most 5.</summary>
    [JsonPropertyName("sourceIPs")]
    public IReadOnlyList<string> SourceIps { get; init => field = value ?? []; } = [];

    /// <summary>The number of addresses beyond those that are listed.</summary>
    [JsonPropertyName("moreSourceIPs")]
    public int MoreSourceIps { get; init; }

    /// <summary>The programs that sent requests (User-Agent), in the order in which they were first seen. At most 5.</summary>
    public IReadOnlyList<string> UserAgents { get; init => field = value ?? []; } = [];

    /// <summary>The number of programs beyond those that are listed.</summary>
    public int MoreUserAgents { get; init; }

    /// <summary>Whether the list of actions in the BreakGlassSession has reached its limit, so that later actions are only counted.</summary>
    public bool Truncated { get; init; }

    /// <summary>The number of streams (exec, attach, port forward, proxy, watch, followed log) that are still open, as far as the events say.</summary>
    public int OpenStreams { get; init; }

    /// <summary>
    /// Whether requests were attributed by user name and time, because the requester is bound under their own name (BindRequester). Requests that the
    /// requester sent in that time with other rights are counted, too.
    /// </summary>
    public bool ByName { get; init; }
}
