using BreakGlass.Core.Api;
using BreakGlass.Core.Drills;
using BreakGlass.Core.Model;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Drills;

/// <summary>When a drill runs, what becomes of runs that nobody carries out, and what its status says.</summary>
public sealed class DrillLifecycleTests
{
    private static readonly DateTimeOffset Monday = new(2026, 11, 23, 6, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_new_drill_is_planned_and_has_not_run()
    {
        var plan = Decide(A.Drill());
        plan.Start.Should().BeNull();
        plan.Status.NextRunAt.Should().Be(Monday);
        plan.LookAgainAt.Should().Be(Monday);
        Of(plan, "Ready").Should().Match<Condition>(c => c.Status == "True" && c.Reason == "Scheduled" && c.Message.Contains("2026-11-23T06:00:00"));
        Of(plan, "Passing").Should().Match<Condition>(c => c.Status == "Unknown" && c.Reason == "NeverRun");
    }

    [Fact]
    public void When_its_time_comes_it_runs_once_and_the_run_is_in_the_status_first()
    {
        var planned = Apply(A.Drill(), Decide(A.Drill()));
        var plan = Decide(planned, Monday.AddSeconds(1));
        plan.Start.Should().Match<DrillRun>(r => r.Id == "20261123-060001" && r.Trigger == DrillTrigger.Schedule
            && r.Grant == "drill-weekly-20261123-060001" && r.Policy == "payments-oncall" && r.Result == DrillResult.Running);
        plan.Status.Runs.Should().ContainSingle().Which.Should().Be(plan.Start);
        plan.Status.NextRunAt.Should().Be(Monday.AddDays(7));

        var during = Decide(Apply(planned, plan), Monday.AddSeconds(2), inHand: plan.Start!.Id);
        during.Start.Should().BeNull();
        during.Ended.Should().BeEmpty();
        during.Revoke.Should().BeEmpty();
    }

    [Fact]
    public void A_time_that_is_long_over_is_left_out()
    {
        var plan = Decide(Apply(A.Drill(), Decide(A.Drill())), Monday.AddMinutes(61));
        plan.Start.Should().BeNull();
        plan.Status.NextRunAt.Should().Be(Monday.AddDays(7));
    }

    [Fact]
    public void A_person_can_have_it_run_now_once_for_each_value_of_the_annotation()
    {
        var drill = Requested(A.Drill(s => s with { Suspended = true }), "now");
        var plan = Decide(drill);
        plan.Start!.Trigger.Should().Be(DrillTrigger.Manual);
        plan.Status.LastRequest.Should().Be("now");
        Of(plan, "Ready").Reason.Should().Be("Suspended");

        var after = Apply(drill, plan) with { Status = DrillLifecycle.WithRun(drill, plan.Status, Finished(plan.Start), A.Start.AddMinutes(1)) };
        Decide(after, A.Start.AddMinutes(2)).Start.Should().BeNull();
        Decide(Requested(after, "again"), A.Start.AddMinutes(2)).Start.Should().NotBeNull();
    }

    [Theory]
    [InlineData("now-1 hold=1m", "5m", "1m")]
    [InlineData("now-1 hold=10m", "30m", "5m")]
    [InlineData("now-1 hold=10m", "2m", "2m")]
    [InlineData("now-1 hold=5m", "5m", "5m")]
    [InlineData("now-1", "5m", null)]
    [InlineData("now-1 hold=0s", "5m", null)]
    [InlineData("now-1 hold=-1m", "5m", null)]
    [InlineData("now-1 hold=soon", "5m", null)]
    [InlineData("now-1 hold=", "5m", null)]
    [InlineData("now-1 hold=1m more", "5m", null)]
    [InlineData("hold=1m", "5m", null)]
    [InlineData(" hold=1m", "5m", null)]
    public void A_request_can_say_how_long_the_run_keeps_access_open_up_to_the_end_of_the_grant(string request, string duration, string? hold)
    {
        var plan = Decide(Requested(A.Drill(s => s with { Duration = duration }), request));
        plan.Start!.Hold.Should().Be(hold);
        plan.Start.Trigger.Should().Be(DrillTrigger.Manual);
        plan.Status.LastRequest.Should().Be(request);
    }

    [Fact]
    public void What_the_plugin_requests_is_what_the_operator_reads()
    {
        DrillHold.Of(DrillHold.Request("2026-11-30T20:00:00.000Z-1a2b3c4d", TimeSpan.FromSeconds(90)), "5m").Should().Be(TimeSpan.FromSeconds(90));
        DrillHold.Of(DrillHold.Request("2026-11-30T20:00:00.000Z-1a2b3c4d", hold: null), "5m").Should().BeNull();
    }

    [Fact]
    public void A_run_by_the_schedule_does_not_keep_access_open_whatever_was_requested_before()
    {
        var drill = Requested(A.Drill(), "now-1 hold=1m");
        drill = Apply(drill, Decide(drill)) with { Status = Decide(drill).Status with { Runs = [] } };
        var plan = Decide(drill, Monday.AddSeconds(1));
        plan.Start.Should().Match<DrillRun>(r => r.Trigger == DrillTrigger.Schedule && r.Hold == null);
    }

    [Theory]
    [InlineData("cron", "InvalidSchedule", "is not a valid cron expression")]
    [InlineData("zone", "InvalidSchedule", "is not a known time zone")]
    [InlineData("policy", "PolicyNotFound", "BreakGlassPolicy payments-oncall does not exist")]
    [InlineData("forbidden", "DrillsForbidden", "Set drills: Allowed in the policy")]
    [InlineData("suspended", "Suspended", "kubectl breakglass drill run")]
    [InlineData("name", "InvalidDrill", "at most 40 characters")]
    [InlineData("expiry", "InvalidDrill", "spec.duration: 31m is longer than 30m")]
    public void A_drill_that_cannot_pass_says_why(string why, string reason, string words)
    {
        var drill = why switch
        {
            "cron" => A.Drill(s => s with { Schedule = "every monday" }),
            "zone" => A.Drill(s => s with { TimeZone = "Mars/Olympus" }),
            "suspended" => A.Drill(s => s with { Suspended = true }),
            "name" => A.Drill(name: new('a', 41)),
            "expiry" => A.Drill(s => s with { End = DrillEnd.Expire, Duration = "31m" }),
            _ => A.Drill(),
        };
        var policy = why switch { "policy" => null, "forbidden" => A.Policy(), _ => Allowing };
        var plan = DrillLifecycle.Decide(new() { Now = A.Start, Settings = A.Settings, Drill = drill, Policy = policy });
        Of(plan, "Ready").Should().Match<Condition>(c => c.Status == "False" && c.Reason == reason && c.Message.Contains(words));
        if (why is "cron" or "zone" or "suspended" or "name" or "expiry") plan.Status.NextRunAt.Should().BeNull();
    }

    [Theory]
    [InlineData(DrillEnd.Expire, "30m")]
    [InlineData(DrillEnd.Revoke, "12h")]
    public void Only_a_drill_that_waits_for_the_expiry_has_to_be_short_and_its_run_says_how_it_ends(DrillEnd end, string duration)
    {
        var plan = Decide(Requested(A.Drill(s => s with { End = end, Duration = duration }), "now"));
        plan.Start!.End.Should().Be(end);
        Of(plan, "Ready").Reason.Should().Be("Scheduled");
    }

    [Theory]
    [InlineData(DrillEnd.Revoke, "The run of 2026-11-22T01:02:03.000Z passed: denial after 300ms.")]
    [InlineData(DrillEnd.Expire, "The run of 2026-11-22T01:02:03.000Z, which let its grant expire, passed: denial after 300ms.")]
    public void What_a_run_that_passed_says_names_the_expiry(DrillEnd end, string message)
    {
        var run = Finished(new() { Id = "20261122-010203", StartedAt = A.Start, End = end, TimeToDenial = "300ms" });
        DrillLifecycle.EventOf(run).Text.Should().Be(message);
    }

    [Fact]
    public void A_run_that_nobody_carries_out_has_failed_and_its_grant_is_revoked()
    {
        var run = new DrillRun
        {
            Id = "20261122-010203", StartedAt = A.Start, Grant = "drill-weekly-20261122-010203",
            Phases = [new() { Name = "Request", StartedAt = A.Start, Result = DrillResult.Passed }, new() { Name = "Use", StartedAt = A.Start }],
        };
        var plan = Decide(A.Drill(status: new() { Runs = [run] }), A.Start.AddMinutes(1));
        plan.Revoke.Should().Equal("drill-weekly-20261122-010203");
        var ended = plan.Ended.Should().ContainSingle().Subject;
        ended.Should().Match<DrillRun>(r => r.Result == DrillResult.Failed && r.Reason == "Interrupted" && r.FinishedAt == A.Start.AddMinutes(1));
        ended.Phases.Should().NotContain(p => p.Result == DrillResult.Running);
        plan.Status.Runs.Should().Equal(ended);
        Of(plan, "Passing").Should().Match<Condition>(c => c.Status == "False" && c.Reason == "Interrupted");
    }

    [Fact]
    public void Only_as_many_finished_runs_are_kept_as_the_drill_says_the_newest_first()
    {
        var drill = A.Drill(s => s with { History = 2 });
        for (var i = 1; i <= 4; i++)
        {
            var at = A.Start.AddMinutes(i);
            var run = new DrillRun { Id = $"run-{i}", StartedAt = at, Result = DrillResult.Passed, FinishedAt = at };
            drill = drill with { Status = DrillLifecycle.WithRun(drill, drill.Status, run, at) };
        }

        drill.Status.Runs.Select(r => r.Id).Should().Equal("run-4", "run-3");
        drill.Status.LastPassedAt.Should().Be(A.Start.AddMinutes(4));
        Conditions.IsTrue(drill.Status.Conditions, "Passing").Should().BeTrue();
    }

    [Fact]
    public void No_grant_of_a_drill_stays_open_that_no_run_uses()
    {
        var phases = Gen.Elements<GrantPhase?>(
            null, GrantPhase.AwaitingApproval, GrantPhase.Pending, GrantPhase.Active, GrantPhase.Revoked, GrantPhase.Denied);
        var grants = phases.ListOf(5);
        Prop.ForAll(grants.ToArbitrary(), Gen.Choose(-1, 4).ToArbitrary(), (list, used) =>
        {
            var all = list.Select((phase, i) => A.DrillGrant(name: $"drill-weekly-{i}", uid: $"grant-{i}") with { Status = new() { Phase = phase } }).ToList();
            var plan = DrillLifecycle.Decide(new()
            {
                Now = A.Start, Settings = A.Settings, Drill = A.Drill(), Policy = Allowing, Grants = all,
                InHand = used < 0 ? null : used.ToString(System.Globalization.CultureInfo.InvariantCulture),
            });
            var open = all.Where((g, i) => i != used && g.Status.Phase is not (GrantPhase.Revoked or GrantPhase.Denied)).Select(g => g.Metadata.Name);
            plan.Revoke.Should().BeEquivalentTo(open);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    [Fact]
    public void A_grant_of_a_person_with_the_mark_is_not_touched()
    {
        var grant = A.Grant();
        grant = grant with { Metadata = grant.Metadata with { Labels = A.Labels((BreakGlassApi.DrillLabel, "weekly")) } };
        DrillLifecycle.Decide(new() { Now = A.Start, Settings = A.Settings, Drill = A.Drill(), Policy = Allowing, Grants = [grant] })
            .Revoke.Should().BeEmpty();
    }

    private static BreakGlassPolicy Allowing => A.Policy(s => s with { Drills = DrillPermission.Allowed });

    private static DrillPlan Decide(BreakGlassDrill drill, DateTimeOffset? now = null, string? inHand = null) => DrillLifecycle.Decide(new()
    {
        Now = now ?? A.Start, Settings = A.Settings, Drill = drill, Policy = Allowing, InHand = inHand,
    });

    private static BreakGlassDrill Apply(BreakGlassDrill drill, DrillPlan plan) => drill with { Status = plan.Status };

    private static BreakGlassDrill Requested(BreakGlassDrill drill, string value) => drill with
    {
        Metadata = drill.Metadata with { Annotations = A.Labels((BreakGlassApi.RunDrillAnnotation, value)) },
    };

    private static DrillRun Finished(DrillRun run) => run with { Result = DrillResult.Passed, FinishedAt = run.StartedAt.AddSeconds(30) };

    private static Condition Of(DrillPlan plan, string type) => Conditions.Find(plan.Status.Conditions, type)!;
}
