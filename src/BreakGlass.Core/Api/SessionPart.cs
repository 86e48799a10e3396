using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>What one replica of the operator counted of a session. The parts of several replicas are added.</summary>
public sealed record SessionPart
{
    /// <summary>The replica.</summary>
    [Required, Length(maxLength: 63)]
    public string Observer { get; init => field = value ?? ""; } = "";

    /// <summary>The totals of this replica.</summary>
    public SessionSummary Totals { get; init => field = value ?? new(); } = new();

    /// <summary>From which addresses and with which programs requests came, and from when to when. At most 20.</summary>
    [Items(maxItems: 20)]
    public IReadOnlyList<SessionSource> Sources { get; init => field = value ?? []; } = [];

    /// <summary>
    /// Digests of the last requests that this replica counted, by which another replica finds out that it got the same events. At most 200, of the last
    /// minutes.
    /// </summary>
    [Items(maxItems: 200), ItemLength(16)]
    public IReadOnlyList<string> Recent { get; init => field = value ?? []; } = [];
}
