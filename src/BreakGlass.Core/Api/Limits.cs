using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>How many grants of a policy can be active or waiting at the same time, and the time between them.</summary>
public sealed record Limits
{
    /// <summary>The maximum number of grants that are active at the same time. Default: no limit.</summary>
    [RangeMinimum(1), RangeMaximum(10000)]
    public int? MaxActive { get; init; }

    /// <summary>The maximum number of grants of one requester that are active at the same time. Default: no limit.</summary>
    [RangeMinimum(1), RangeMaximum(10000)]
    public int? MaxActivePerRequester { get; init; }

    /// <summary>
    /// The maximum number of requests of one requester that wait at the same time for approval or their window. Default: 5. Admission refuses more. Grants
    /// of mode BreakGlass do not wait.
    /// </summary>
    [RangeMinimum(1), RangeMaximum(10000)]
    public int? MaxPending { get; init; }

    /// <summary>The time after the end of a grant in which its requester cannot get another one. Default: none.</summary>
    [Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string? Cooldown { get; init; }
}
