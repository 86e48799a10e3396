using NodaTime;
using NodaTime.TimeZones;

namespace BreakGlass.Core.Rules;

/// <summary>
/// Windows by weekday and local time in a time zone. A local time that a change of clocks skips maps forward by the gap; of one that comes twice
/// a window starts at the first and ends at the second, so that a change never takes minutes from it. The zones are those of the IANA database in
/// NodaTime, whatever the machine has.
/// </summary>
public static class Schedules
{
    private const int DaysToSearch = 16;

    private static readonly string[] Days = ApiWords.Each(ApiWords.Days);

    private static readonly ZoneLocalMappingResolver ForStart = Resolvers.CreateMappingResolver(Resolvers.ReturnEarlier, Resolvers.ReturnForwardShifted);

    private static readonly ZoneLocalMappingResolver ForEnd = Resolvers.CreateMappingResolver(Resolvers.ReturnLater, Resolvers.ReturnForwardShifted);

    /// <summary>Whether the database knows a time zone, e.g. <c>Europe/Berlin</c>.</summary>
    public static bool IsZone(string name) => DateTimeZoneProviders.Tzdb.GetZoneOrNull(name) is not null;

    /// <summary>Whether it is a local time, e.g. <c>22:00</c>.</summary>
    public static bool IsTime(string text) => TryTime(text, out _);

    /// <summary>The window that holds an instant; of several the one that ends last. Null where none does, or the schedule has a mistake.</summary>
    public static Window? At(Schedule schedule, DateTimeOffset at)
    {
        Window? last = null;
        foreach (var window in Around(schedule, at, before: 3, days: 5))
        {
            if (window.Holds(at) && (last is not { } known || window.End > known.End)) last = window;
        }

        return last;
    }

    /// <summary>The window that starts next after an instant; null where the schedule has a mistake.</summary>
    public static Window? Next(Schedule schedule, DateTimeOffset after)
    {
        Window? next = null;
        foreach (var window in Around(schedule, after, before: 1, DaysToSearch))
        {
            if (window.Start > after && (next is not { } known || window.Start < known.Start)) next = window;
        }

        return next;
    }

    /// <summary>An instant as it reads in the schedule's zone, e.g. <c>Sat 2026-03-28 22:00 Europe/Berlin</c>.</summary>
    public static string Describe(Schedule schedule, DateTimeOffset at)
    {
        if (DateTimeZoneProviders.Tzdb.GetZoneOrNull(schedule.TimeZone) is not { } zone) return Timestamp.Text(at);
        var local = Instant.FromDateTimeOffset(at).InZone(zone).LocalDateTime;
        return string.Create(CultureInfo.InvariantCulture,
            $"{Days[(int)local.DayOfWeek - 1]} {local.Year:d4}-{local.Month:d2}-{local.Day:d2} {local.Hour:d2}:{local.Minute:d2} {schedule.TimeZone}");
    }

    private static IEnumerable<Window> Around(Schedule schedule, DateTimeOffset at, int before, int days)
    {
        if (DateTimeZoneProviders.Tzdb.GetZoneOrNull(schedule.TimeZone) is not { } zone || !IsNear(at)) yield break;
        var first = Instant.FromDateTimeOffset(at).InZone(zone).Date.PlusDays(-before);
        for (var i = 0; i < days; i++)
        {
            var date = first.PlusDays(i);
            var day = Days[(int)date.DayOfWeek - 1];
            foreach (var window in schedule.Windows.Where(w => w.Days.Contains(day)))
            {
                if (On(date, window, zone) is { } found) yield return found;
            }
        }
    }

    /// <summary>A window on the day it starts; null where a change of clocks leaves nothing of it.</summary>
    private static Window? On(LocalDate date, ScheduleWindow window, DateTimeZone zone)
    {
        if (!TryTime(window.Start, out var start) || !TryTime(window.End, out var end)) return null;
        var from = (date + start).InZone(zone, ForStart).ToDateTimeOffset().ToUniversalTime();
        var to = ((end <= start ? date.PlusDays(1) : date) + end).InZone(zone, ForEnd).ToDateTimeOffset().ToUniversalTime();
        return from < to ? new(from, to) : null;
    }

    private static bool TryTime(string text, out LocalTime time)
    {
        var good = TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var parsed);
        time = good ? new LocalTime(parsed.Hour, parsed.Minute) : default;
        return good;
    }

    /// <summary>A forged time must not carry the calendar past its ends.</summary>
    private static bool IsNear(DateTimeOffset at) => at.Year is > 1970 and < 9000;
}
