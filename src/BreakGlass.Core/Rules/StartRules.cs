using static BreakGlass.Core.Model.DenialReasons;

namespace BreakGlass.Core.Rules;

internal static class StartRules
{
    /// <summary>How far ahead a start can be planned: what stands longer was forgotten by those who agreed to it.</summary>
    public static readonly TimeSpan FarthestAhead = TimeSpan.FromDays(30);

    /// <summary>The moment from which access is asked for: the start time that is given, but never before the grant was created.</summary>
    public static DateTimeOffset Start(BreakGlassGrant grant, DateTimeOffset now)
    {
        var created = grant.Metadata.CreatedAt ?? now;
        return grant.Spec.StartTime is { } start && start > created ? start : created;
    }

    /// <summary>Why a grant cannot start when it wants to; null if it can, for mode TimeBoxed with the window that it starts in.</summary>
    public static Problem? Check(BreakGlassGrant grant, BreakGlassPolicy policy, DateTimeOffset now, out Window? window)
    {
        window = null;
        if (policy.Spec.Mode is not PolicyMode.TimeBoxed || policy.Spec.Schedule is not { } schedule) return null;
        var start = Start(grant, now);
        if (start - (grant.Metadata.CreatedAt ?? now) > FarthestAhead)
        {
            return new(StartTimeTooFar, "spec.startTime",
                $"{Timestamp.Text(start)} is more than {FarthestAhead.TotalDays:0} days in the future; create the grant closer to that time");
        }

        window = Schedules.At(schedule, start);
        if (window is not { } found)
        {
            var next = Schedules.Next(schedule, start) is { } coming
                ? $"the next window starts {Schedules.Describe(schedule, coming.Start)} ({Timestamp.Text(coming.Start)}); create a grant then, "
                    + "or with that spec.startTime"
                : "there is no next window; tell the policy's owners";
            return new(OutsideWindow, "spec.startTime",
                $"{Schedules.Describe(schedule, start)} is outside the windows of policy '{policy.Metadata.Name}'; {next}");
        }

        return now < found.End
            ? null
            : new(WindowMissed, "spec.startTime", $"the window ended {Schedules.Describe(schedule, found.End)} ({Timestamp.Text(found.End)}) before access "
                + "could be given; create a grant for the next window");
    }
}
