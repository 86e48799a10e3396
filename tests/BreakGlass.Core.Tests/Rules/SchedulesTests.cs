using System.Globalization;
using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Xunit;

namespace BreakGlass.Core.Tests.Rules;

/// <summary>
/// Windows on real zones, also across the days on which clocks change in both directions. The instants on the right are worked out by hand from
/// the zones' rules, not by the library.
/// </summary>
public sealed class SchedulesTests
{
    private const string Berlin = "Europe/Berlin";
    private const string NewYork = "America/New_York";
    private const string LordHowe = "Australia/Lord_Howe";
    private const string Tokyo = "Asia/Tokyo";

    /// <summary>Zone, days, start, end; an instant inside; the window's first and last instants in UTC.</summary>
    public static TheoryData<string, string, string, string, string, string, string> Windows => new()
    {
        // Berlin: UTC+1 in winter, +2 in summer. 2026-03-29 01:00Z forward (02:00 to 03:00), 2026-10-25 01:00Z back (03:00 to 02:00).
        { Berlin, "Mon", "09:00", "17:00", "2026-01-05T10:00Z", "2026-01-05T08:00Z", "2026-01-05T16:00Z" },
        { Berlin, "Mon", "09:00", "17:00", "2026-07-06T10:00Z", "2026-07-06T07:00Z", "2026-07-06T15:00Z" },
        { Berlin, "Sat", "22:00", "04:00", "2026-03-29T00:30Z", "2026-03-28T21:00Z", "2026-03-29T02:00Z" },
        { Berlin, "Sun", "02:30", "04:00", "2026-03-29T01:45Z", "2026-03-29T01:30Z", "2026-03-29T02:00Z" },
        { Berlin, "Sat", "22:00", "02:30", "2026-03-29T01:15Z", "2026-03-28T21:00Z", "2026-03-29T01:30Z" },
        { Berlin, "Sat", "22:00", "04:00", "2026-10-25T00:30Z", "2026-10-24T20:00Z", "2026-10-25T03:00Z" },
        { Berlin, "Sun", "02:30", "04:00", "2026-10-25T00:45Z", "2026-10-25T00:30Z", "2026-10-25T03:00Z" },
        { Berlin, "Sat", "22:00", "02:30", "2026-10-25T01:15Z", "2026-10-24T20:00Z", "2026-10-25T01:30Z" },
        { Berlin, "Sun", "02:15", "02:45", "2026-10-25T01:00Z", "2026-10-25T00:15Z", "2026-10-25T01:45Z" },
        { Berlin, "Sun", "02:15", "02:45", "2026-03-29T01:20Z", "2026-03-29T01:15Z", "2026-03-29T01:45Z" },

        // New York: UTC-5, -4 in summer. 2026-03-08 07:00Z forward, 2026-11-01 06:00Z back.
        { NewYork, "Sat", "23:00", "03:30", "2026-03-08T06:30Z", "2026-03-08T04:00Z", "2026-03-08T07:30Z" },
        { NewYork, "Sun", "02:30", "05:00", "2026-03-08T08:00Z", "2026-03-08T07:30Z", "2026-03-08T09:00Z" },
        { NewYork, "Sun", "00:30", "01:30", "2026-11-01T06:15Z", "2026-11-01T04:30Z", "2026-11-01T06:30Z" },
        { NewYork, "Sun", "01:30", "03:00", "2026-11-01T05:31Z", "2026-11-01T05:30Z", "2026-11-01T08:00Z" },

        // Lord Howe: UTC+10:30, +11 in summer: half an hour. 2026-10-03 15:30Z forward (02:00 to 02:30), 2026-04-04 15:00Z back (02:00 to 01:30).
        { LordHowe, "Sun", "02:15", "04:00", "2026-10-03T16:00Z", "2026-10-03T15:45Z", "2026-10-03T17:00Z" },
        { LordHowe, "Sat", "22:00", "02:15", "2026-10-03T15:40Z", "2026-10-03T11:30Z", "2026-10-03T15:45Z" },
        { LordHowe, "Sun", "01:45", "03:00", "2026-04-04T15:00Z", "2026-04-04T14:45Z", "2026-04-04T16:30Z" },
        { LordHowe, "Sat", "22:00", "01:45", "2026-04-04T15:10Z", "2026-04-04T11:00Z", "2026-04-04T15:15Z" },

        // Tokyo never changes its clocks.
        { Tokyo, "Sat", "22:00", "04:00", "2026-03-28T16:00Z", "2026-03-28T13:00Z", "2026-03-28T19:00Z" },
        { Tokyo, "Sun", "00:00", "00:00", "2026-10-24T15:00Z", "2026-10-24T15:00Z", "2026-10-25T15:00Z" },
        { "Etc/UTC", "Tue,Thu", "23:59", "00:01", "2026-12-31T23:59Z", "2026-12-31T23:59Z", "2027-01-01T00:01Z" },
    };

    [Theory]
    [MemberData(nameof(Windows))]
    public void A_window_holds_what_lies_between_its_ends_and_nothing_else(
        string zone, string days, string start, string end, string inside, string first, string past)
    {
        var schedule = Of(zone, (days, start, end));
        Schedules.At(schedule, T(inside)).Should().Be(new Window(T(first), T(past)));
        Schedules.At(schedule, T(first)).Should().Be(new Window(T(first), T(past)), "its first instant is in it");
        Schedules.At(schedule, T(past).AddTicks(-1)).Should().Be(new Window(T(first), T(past)));
        Schedules.At(schedule, T(first).AddTicks(-1)).Should().BeNull();
        Schedules.At(schedule, T(past)).Should().BeNull("its end is past it");
        Schedules.Next(schedule, T(first).AddTicks(-1)).Should().Be(new Window(T(first), T(past)));
    }

    [Fact]
    public void A_window_starts_on_its_days_only_and_the_next_one_is_named()
    {
        var schedule = Of(Berlin, ("Sat,Sun", "22:00", "04:00"));
        Schedules.At(schedule, T("2026-11-23T02:30Z")).Should().NotBeNull("it is Monday, and the window of Sunday runs until 04:00");
        Schedules.At(schedule, T("2026-11-21T02:30Z")).Should().BeNull("no window starts on a Friday");
        Schedules.Next(schedule, T("2026-11-23T03:00Z")).Should().Be(new Window(T("2026-11-28T21:00Z"), T("2026-11-29T03:00Z")));
        Schedules.Describe(schedule, T("2026-11-28T21:00Z")).Should().Be("Sat 2026-11-28 22:00 Europe/Berlin");
    }

    [Fact]
    public void Of_windows_that_overlap_the_one_that_ends_last_counts()
    {
        var schedule = Of("Etc/UTC", ("Mon", "08:00", "12:00"), ("Mon", "10:00", "18:00"));
        Schedules.At(schedule, T("2026-11-23T11:00Z"))!.End.Should().Be(T("2026-11-23T18:00Z"));
        Schedules.At(schedule, T("2026-11-23T09:00Z"))!.End.Should().Be(T("2026-11-23T12:00Z"));
    }

    [Fact]
    public void What_a_change_of_clocks_leaves_nothing_of_is_no_window()
    {
        // 02:45 is skipped and maps to 03:45, which lies past 03:30.
        var schedule = Of(Berlin, ("Sun", "02:45", "03:30"));
        Schedules.At(schedule, T("2026-03-29T01:45Z")).Should().BeNull();
        Schedules.Next(schedule, T("2026-03-28T12:00Z"))!.Start.Should().Be(T("2026-04-05T00:45Z"));
    }

    [Theory]
    [InlineData("Europe/Berlin", true)]
    [InlineData("Etc/UTC", true)]
    [InlineData("UTC", true)]
    [InlineData("America/Argentina/Ushuaia", true)]
    [InlineData("", false)]
    [InlineData("europe/berlin", false)]
    [InlineData("Mars/Olympus", false)]
    [InlineData("../../etc/passwd", false)]
    public void A_zone_is_one_of_the_database(string name, bool known) => Schedules.IsZone(name).Should().Be(known);

    [Fact]
    public void A_schedule_with_a_mistake_and_a_forged_time_hold_nothing()
    {
        Schedules.At(Of("Mars/Olympus", ("Sun", "00:00", "00:00")), T("2026-11-22T12:00Z")).Should().BeNull();
        Schedules.At(Of("Etc/UTC", ("Sun", "x", "00:00")), T("2026-11-22T12:00Z")).Should().BeNull();
        Schedules.At(Of("Etc/UTC", ("Sun", "00:00", "00:00")), DateTimeOffset.MaxValue).Should().BeNull();
        Schedules.Next(Of("Etc/UTC", ("Sun", "00:00", "00:00")), DateTimeOffset.MinValue).Should().BeNull();
    }

    [Fact]
    public void Whatever_the_zone_and_the_hour_a_window_holds_an_instant_exactly_if_local_clocks_say_so()
    {
        string[] zones = [Berlin, NewYork, LordHowe, Tokyo, "Africa/Casablanca", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"];
        var cases = from zone in Gen.Elements(zones) from start in Gen.Choose(0, 1439) from length in Gen.Choose(1, 1440) from minute in Gen.Choose(0, 527039)
                    select (Zone: zone, Start: start, Length: length, At: new DateTimeOffset(2026, 1, 1, 0, 0, 30, TimeSpan.Zero).AddMinutes(minute));
        Prop.ForAll(Arb.From(cases), c =>
        {
            var (start, end) = (Minute(c.Start), Minute((c.Start + c.Length) % 1440));
            var daily = Of(c.Zone, ("Mon,Tue,Wed,Thu,Fri,Sat,Sun", start, end));
            var zone = DateTimeZoneProviders.Tzdb[c.Zone];
            if (Changes(zone, c.At)) return;
            var local = c.At.ToOffset(zone.GetUtcOffset(Instant.FromDateTimeOffset(c.At)).ToTimeSpan()).TimeOfDay.TotalMinutes;
            var inside = (local - c.Start + 1440) % 1440 < c.Length;
            (Schedules.At(daily, c.At) is not null).Should().Be(inside, $"{c.At:u} is {local / 60:0.00} in {c.Zone}, and the window is {start} to {end}");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000).WithReplay(7, 15));
    }

    /// <summary>Whether clocks change near an instant: those days have the table above.</summary>
    private static bool Changes(DateTimeZone zone, DateTimeOffset at) =>
        Enumerable.Range(-26, 53).Select(h => zone.GetUtcOffset(Instant.FromDateTimeOffset(at.AddHours(h)))).Distinct().Count() > 1;

    private static string Minute(int minute) => string.Create(CultureInfo.InvariantCulture, $"{minute / 60:00}:{minute % 60:00}");

    private static DateTimeOffset T(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static Schedule Of(string zone, params (string Days, string Start, string End)[] windows) => new()
    {
        TimeZone = zone, Windows = [.. windows.Select(w => new ScheduleWindow { Days = w.Days.Split(','), Start = w.Start, End = w.End })],
    };
}
