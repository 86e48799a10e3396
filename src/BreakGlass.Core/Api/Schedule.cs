using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>The windows in which grants can be active.</summary>
public sealed record Schedule
{
    /// <summary>The IANA time zone of the windows, for example Europe/Berlin.</summary>
    [Required, Length(1, 64)]
    public string TimeZone { get; init => field = value ?? ""; } = "";

    /// <summary>The windows. A grant must start in one of them, and ends at its end at the latest.</summary>
    [Required, Items(1, 32)]
    public IReadOnlyList<ScheduleWindow> Windows { get; init => field = value ?? []; } = [];
}
