using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>A window on certain days of the week.</summary>
public sealed record ScheduleWindow
{
    /// <summary>The days on which the window starts.</summary>
    [Required, Items(1, 7), ListSet, Enum(ApiWords.Days)]
    public IReadOnlyList<string> Days { get; init => field = value ?? []; } = [];

    /// <summary>The local start time, for example "22:00" in quotes.</summary>
    [Required, Length(maxLength: 5), Pattern(Bounds.TimeOfDay)]
    public string Start { get; init => field = value ?? ""; } = "";

    /// <summary>The local end time. If it is not after the start, the window ends on the next day.</summary>
    [Required, Length(maxLength: 5), Pattern(Bounds.TimeOfDay)]
    public string End { get; init => field = value ?? ""; } = "";
}
