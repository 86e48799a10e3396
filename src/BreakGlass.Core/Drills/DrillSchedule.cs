using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;
using Cronos;
using NodaTime;
using NodaTime.TimeZones;

namespace BreakGlass.Core.Drills;

/// <summary>
/// When a drill runs. Cronos reads the expression and finds the next local time; the time zones are those of the IANA database in NodaTime, whatever the
/// machine has (ADR 0012). A local time that a change of clocks skips maps forward by the gap; of one that comes twice the first counts.
/// </summary>
public sealed class DrillSchedule
{
    // Far more than the local times that a change of clocks can repeat.
    private const int MostTries = 200;

    private static readonly ZoneLocalMappingResolver Resolver = Resolvers.CreateMappingResolver(Resolvers.ReturnEarlier, Resolvers.ReturnForwardShifted);

    private readonly CronExpression _cron;
    private readonly DateTimeZone _zone;

    private DrillSchedule(CronExpression cron, DateTimeZone zone) => (_cron, _zone) = (cron, zone);

    /// <summary>Reads the schedule of a drill; null if it has a mistake, which is then said.</summary>
    /// <param name="spec">The drill.</param>
    /// <param name="problem">What is wrong, and what to do about it.</param>
    public static DrillSchedule? Of(DrillSpec spec, out string? problem)
    {
        problem = null;
        if (DateTimeZoneProviders.Tzdb.GetZoneOrNull(spec.TimeZone) is not { } zone) problem = DrillMessages.InvalidTimeZone(spec.TimeZone);
        else if (Read(spec.Schedule, out problem) is { } cron) return new(cron, zone);
        return null;
    }

    /// <summary>The first time after an instant; null if there is none.</summary>
    public DateTimeOffset? Next(DateTimeOffset after)
    {
        var local = Instant.FromDateTimeOffset(after).InZone(_zone).LocalDateTime.ToDateTimeUnspecified();
        for (var tries = 0; tries < MostTries; tries++)
        {
            if (_cron.GetNextOccurrence(DateTime.SpecifyKind(local, DateTimeKind.Utc)) is not { } next) return null;
            local = next;
            var at = _zone.ResolveLocal(LocalDateTime.FromDateTime(next), Resolver).ToInstant().ToDateTimeOffset();
            if (at > after) return at;
        }

        return null;
    }

    private static CronExpression? Read(string text, out string? problem)
    {
        problem = null;
        try
        {
            // Macros such as @every_second are not cron expressions of five fields.
            if (!text.TrimStart().StartsWith('@')) return CronExpression.Parse(text, CronFormat.Standard);
            problem = "macros are not supported; use five fields, for example '0 6 * * 1'";
        }
        catch (CronFormatException e)
        {
            problem = $"'{text}' is not a valid cron expression ({e.Message.TrimEnd('.')}); use five fields, for example '0 6 * * 1'";
        }

        problem = DrillMessages.InvalidSchedule(problem);
        return null;
    }
}
