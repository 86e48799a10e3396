using BreakGlass.Core.Api;
using BreakGlass.Core.Drills;
using BreakGlass.Core.Model;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Drills;

/// <summary>How runs of one second are told apart.</summary>
public sealed class DrillRunIdTests
{
    [Theory]
    [InlineData(10)]
    [InlineData(1)]
    public void A_run_that_began_in_the_second_of_one_that_had_failed_replaced_its_record(int history)
    {
        var drill = A.Drill(s => s with { Suspended = true, History = history });
        List<string> ids = [], grants = [];
        for (var i = 0; i < 3; i++) Run($"now-{i}", A.Start);
        Run("later", A.Start.AddSeconds(1));

        ids.Should().Equal("20261122-010203", "20261122-010203b", "20261122-010203c", "20261122-010204");
        grants.Should().Equal(ids.Select(id => $"drill-weekly-{id}"));
        drill.Status.Runs.Select(r => r.Id).Should().Equal(ids.AsEnumerable().Reverse().Take(history));

        void Run(string request, DateTimeOffset now)
        {
            drill = drill with { Metadata = drill.Metadata with { Annotations = A.Labels((BreakGlassApi.RunDrillAnnotation, request)) } };
            var plan = DrillLifecycle.Decide(new() { Now = now, Settings = A.Settings, Drill = drill });
            var failed = plan.Start! with { Result = DrillResult.Failed, Reason = DrillReasons.RequestRefused, FinishedAt = now };
            drill = drill with { Status = DrillLifecycle.WithRun(drill, plan.Status, failed, now) };
            ids.Add(failed.Id);
            grants.Add(failed.Grant!);
        }
    }

    [Fact]
    public void The_name_of_a_grant_has_room_for_the_letter() =>
        $"drill-{new string('a', Bounds.LongestDrillName)}-20261122-010203b".Length.Should().BeLessThanOrEqualTo(63, "it is the value of a label");
}
