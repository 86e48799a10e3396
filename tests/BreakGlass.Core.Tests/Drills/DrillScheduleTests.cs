using BreakGlass.Core.Drills;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Drills;

/// <summary>When a drill runs next: cron expressions by the clocks of a place, across changes of the clocks.</summary>
public sealed class DrillScheduleTests
{
    [Theory]
    [InlineData("0 6 * * 1", "Etc/UTC", "2026-11-22T01:02:03Z", "2026-11-23T06:00:00Z")]
    [InlineData("0 6 * * 1", "Europe/Berlin", "2026-11-22T01:02:03Z", "2026-11-23T05:00:00Z")]
    [InlineData("0 6 * * 1", "Europe/Berlin", "2026-11-23T05:00:00Z", "2026-11-30T05:00:00Z")]
    [InlineData("*/15 * * * *", "Asia/Kolkata", "2026-11-22T01:02:03Z", "2026-11-22T01:15:00Z")]
    [InlineData("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z")]
    [InlineData("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z")]
    [InlineData("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")]
    [InlineData("0 0 29 2 *", "Etc/UTC", "2026-11-22T01:02:03Z", "2028-02-29T00:00:00Z")]
    public void The_next_time_is_by_the_clocks_of_the_place(string schedule, string zone, string after, string next) =>
        Of(schedule, zone).Next(At(after)).Should().Be(At(next));

    [Theory]
    [InlineData("30 2 * * *")]
    [InlineData("*/20 * * * *")]
    [InlineData("0 * * * *")]
    public void The_times_only_go_forward_over_a_whole_year_with_both_changes_of_the_clocks(string schedule)
    {
        var cron = Of(schedule, "America/New_York");
        var (at, end) = (At("2026-01-01T00:00:00Z"), At("2027-01-01T00:00:00Z"));
        while (at < end)
        {
            var next = cron.Next(at);
            next.Should().BeAfter(at);
            (next - at).Should().BeLessThan(TimeSpan.FromHours(26));
            at = next!.Value;
        }
    }

    [Theory]
    [InlineData("0 6 * *", "Etc/UTC", "*five fields, for example '0 6 * * 1'*")]
    [InlineData("0 0 6 * * 1", "Etc/UTC", "*five fields*")]
    [InlineData("61 6 * * 1", "Etc/UTC", "spec.schedule: '61 6 * * 1' is not a valid cron expression*")]
    [InlineData("@every_second", "Etc/UTC", "*macros are not supported*")]
    [InlineData("0 6 * * 1", "Mars/Olympus", "spec.timeZone: 'Mars/Olympus' is not a known time zone*")]
    public void A_mistake_is_named_with_what_to_do(string schedule, string zone, string words)
    {
        DrillSchedule.Of(A.Drill(s => s with { Schedule = schedule, TimeZone = zone }).Spec, out var problem).Should().BeNull();
        problem.Should().Match(words);
    }

    [Fact]
    public void A_day_that_never_comes_has_no_next_time() => Of("0 0 30 2 *", "Etc/UTC").Next(A.Start).Should().BeNull();

    private static DrillSchedule Of(string schedule, string zone) =>
        DrillSchedule.Of(A.Drill(s => s with { Schedule = schedule, TimeZone = zone }).Spec, out _)!;

    private static DateTimeOffset At(string text) => Timestamp.TryParse(text, out var time) ? time : throw new FormatException(text);
}
