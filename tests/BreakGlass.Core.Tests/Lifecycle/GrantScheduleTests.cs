using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>Mode TimeBoxed: access in a planned window, on the moment and never past it. Tests begin on Sunday, 2026-11-22 01:02:03 UTC.</summary>
public sealed class GrantScheduleTests
{
    internal static BreakGlassPolicy Nightly => Windows(("Sun", "01:00", "03:00"));

    [Fact]
    public void Inside_a_window_access_is_given_at_once_and_ends_with_it_at_the_latest()
    {
        var world = new ModelWorld(Nightly, A.Grant(s => s with { Duration = "1h" })).Run();
        world.Status.ExpiresAt.Should().Be(A.Start.AddHours(1));
        Of(world, "Approved")
            .Should().Match<Condition>(c => c.Status == "True" && c.Reason == "NotRequired" && c.Message.Contains("does not require approval"));

        var late = new ModelWorld(Windows(("Sun", "00:00", "01:15")), A.Grant(s => s with { Duration = "1h" })).Run();
        late.Status.ExpiresAt.Should().Be(new(2026, 11, 22, 1, 15, 0, TimeSpan.Zero), "the window ends then");
        late.RunUntil(new(2026, 11, 22, 1, 15, 0, TimeSpan.Zero)).Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void A_start_in_the_future_is_waited_for_and_kept_to_the_moment()
    {
        var start = A.Start.AddMinutes(30).AddMilliseconds(7);
        var world = new ModelWorld(Nightly, A.Grant(s => s with { StartTime = start })).Run();
        world.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Scheduled && s.ExpiresAt == null);
        Of(world, "Active").Should().Match<Condition>(c => c.Status == "False" && c.Reason == "Scheduled" && c.Message.Contains(Timestamp.Text(start)));
        world.Reconcile()!.LookAgainAt.Should().Be(start);
        world.Events.Select(n => n.Reason).Should().Equal("GrantRequested", "GrantScheduled");
        world.RunUntil(start.AddMilliseconds(-1)).Cluster.Objects.Should().BeEmpty();

        world.RunUntil(start);
        world.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Active && s.ActivatedAt == start && s.ExpiresAt == start.AddMinutes(30));
        world.Status.Transitions.Select(t => t.To).Should().Equal(GrantPhase.Scheduled, GrantPhase.Pending, GrantPhase.Active);
        world.Events.Select(n => n.Reason).Should().Equal("GrantRequested", "GrantScheduled", "GrantActivated");
    }

    [Fact]
    public void A_start_four_weeks_ahead_is_kept_too_and_ends_when_it_should()
    {
        var start = A.Start.AddDays(28);
        var world = new ModelWorld(Nightly, A.Grant(s => s with { StartTime = start })).RunUntil(start.AddMinutes(29));
        world.HasAccess().Should().BeTrue();
        GrantEnd.Of(world.Grant, world.Settings)!.At.Should().Be(start.AddMinutes(30));
        world.RunUntil(start.AddMinutes(30)).Cluster.Objects.Should().BeEmpty();
    }

    public static TheoryData<string, string, string> Refused => new()
    {
        { "outside", "OutsideWindow",
        "Sun 2026-11-22 01:02 Etc/UTC is outside the windows of policy 'payments-oncall'; the next window starts Sun 2026-11-22 05:00 Etc/UTC" },
        { "starts outside", "OutsideWindow", "the next window starts Sun 2026-11-29 01:00 Etc/UTC" },
        { "too far", "StartTimeTooFar", "more than 30 days in the future; create the grant closer to that time" },
        { "missed", "WindowMissed", "the window ended Sun 2026-11-22 03:00 Etc/UTC" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_lies_in_no_window_is_denied_and_told_of_the_next(string what, string reason, string words)
    {
        var world = what switch
        {
            "outside" => new ModelWorld(Windows(("Sun", "05:00", "06:00"))),
            "starts outside" => new ModelWorld(Nightly, A.Grant(s => s with { StartTime = A.Start.AddHours(5) })),
            "too far" => new ModelWorld(Nightly, A.Grant(s => s with { StartTime = A.Start.AddDays(35) })),
            _ => new ModelWorld(Nightly) { Now = A.Start.AddHours(2) },
        };
        world.Run();
        (world.Status.Phase, world.Status.EndReason).Should().Be((GrantPhase.Denied, EndReason.Denied));
        Of(world, "Authorized").Reason.Should().Be(reason);
        Of(world, "Authorized").Message.Should().Contain(words).And.EndWith(".");
    }

    [Fact]
    public void A_start_in_the_past_is_now()
    {
        var world = new ModelWorld(Nightly, A.Grant(s => s with { StartTime = A.Start.AddDays(-3) })).Run();
        world.Status.ActivatedAt.Should().Be(A.Start);
    }

    [Fact]
    public void What_was_missed_by_more_than_an_hour_inside_the_window_is_not_opened()
    {
        var world = new ModelWorld(Nightly, A.Grant(s => s with { StartTime = A.Start.AddMinutes(10) })).Run();
        world.Now = A.Start.AddMinutes(71);
        world.Run();
        Of(world, "Authorized").Reason.Should().Be("TooLate");
    }

    [Fact]
    public void A_window_that_is_taken_out_of_the_policy_meanwhile_does_not_open()
    {
        var world = new ModelWorld(Nightly, A.Grant(s => s with { StartTime = A.Start.AddMinutes(30) })).Run();
        world.EditPolicy(s => s with { Schedule = s.Schedule! with { Windows = [new() { Days = ["Mon"], Start = "01:00", End = "03:00" }] } });
        world.Run();
        Of(world, "Authorized").Reason.Should().Be("OutsideWindow");
    }

    [Fact]
    public void Where_it_needs_approval_too_it_waits_for_that_first_and_not_past_the_window()
    {
        var policy = A.Policy(s => Nightly.Spec with { Approval = new() { Approvers = [A.Group("approvers")], Timeout = "4h" } });
        var world = new ModelWorld(policy, A.Grant(s => s with { StartTime = A.Start.AddMinutes(30) })).Run();
        world.Status.Phase.Should().Be(GrantPhase.AwaitingApproval);
        world.Decide("carol");
        world.Run().Status.Phase.Should().Be(GrantPhase.Scheduled);
        world.Events.Select(n => n.Reason).Should().Equal("GrantRequested", "GrantApproved", "GrantScheduled");
        world.RunUntil(A.Start.AddMinutes(30)).Status.Phase.Should().Be(GrantPhase.Active);

        var nobody = new ModelWorld(policy).RunUntil(A.Start.AddHours(2));
        Of(nobody, "Authorized").Reason.Should().Be("WindowMissed");
        nobody.Status.EndedAt.Should().Be(new(2026, 11, 22, 3, 0, 0, TimeSpan.Zero), "it is looked at when the window ends");
    }

    [Fact]
    public void A_clock_that_is_not_to_be_trusted_opens_no_window_and_keeps_it_scheduled()
    {
        var world = new ModelWorld(Nightly, A.Grant(s => s with { StartTime = A.Start.AddMinutes(30) })) { ClockSkew = TimeSpan.FromMinutes(5) };
        world.RunUntil(A.Start.AddMinutes(31)).Status.Phase.Should().Be(GrantPhase.Scheduled);
        Of(world, "Authorized").Reason.Should().Be("ClockSkew");
        world.ClockSkew = null;
        world.RunFor(TimeSpan.FromSeconds(10)).Status.Phase.Should().Be(GrantPhase.Active);
    }

    private static BreakGlassPolicy Windows(params (string Day, string Start, string End)[] windows) => A.Policy(s => s with
    {
        Mode = PolicyMode.TimeBoxed,
        Schedule = new() { TimeZone = "Etc/UTC", Windows = [.. windows.Select(w => new ScheduleWindow { Days = [w.Day], Start = w.Start, End = w.End })] },
    });

    private static Condition Of(ModelWorld world, string type) => Conditions.Find(world.Status.Conditions, type)!;
}
