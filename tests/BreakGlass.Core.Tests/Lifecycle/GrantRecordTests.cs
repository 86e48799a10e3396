using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>A record that somebody else wrote: access depends on what they cannot write, sealed approvals and the policy's windows.</summary>
public sealed class GrantRecordTests
{
    public static TheoryData<GrantPhase, string?> Forgeries => new()
    {
        { GrantPhase.Pending, null },
        { GrantPhase.Active, "True" },
    };

    [Theory]
    [MemberData(nameof(Forgeries))]
    public void A_record_forged_while_a_grant_waits_for_approval_opens_nothing(GrantPhase phase, string? active)
    {
        var world = new ModelWorld(GrantApprovalTests.JustInTime()).Run();
        Forge(world, phase, active);
        world.RunFor(TimeSpan.FromSeconds(30));
        Shut(world, "0 of 1 approval(s)");
    }

    [Fact]
    public void A_record_forged_after_an_approver_said_no_opens_nothing()
    {
        var world = new ModelWorld(GrantApprovalTests.JustInTime()).Run();
        world.Decide("carol", "Deny");
        world.Run().Status.Phase.Should().Be(GrantPhase.Denied);
        Forge(world, GrantPhase.Pending);
        world.RunFor(TimeSpan.FromSeconds(30));
        Shut(world, "Denied by carol");
    }

    [Fact]
    public void A_bypass_that_the_policy_did_not_write_down_opens_nothing()
    {
        var policy = GrantApprovalTests.JustInTime();
        var world = new ModelWorld(policy with { Spec = policy.Spec with { EmergencyBypass = new() { Duration = "1h" } } }).Run();
        Forge(world, GrantPhase.Pending);
        world.ForgeStatus(s => s with { Conditions = s.Conditions.With("Approved", false, "EmergencyBypass", "Yes.", 1, A.Start) });
        world.RunFor(TimeSpan.FromSeconds(30));
        Shut(world, "0 of 1 approval(s)");
    }

    [Fact]
    public void An_approval_that_is_taken_back_ends_access()
    {
        var world = new ModelWorld(GrantApprovalTests.JustInTime()).Run();
        world.Decide("carol");
        world.Run().HasAccess().Should().BeTrue();
        world.Cluster.Approvals = [];
        world.RunFor(TimeSpan.FromSeconds(30));
        Shut(world, "0 of 1 approval(s)");
    }

    [Fact]
    public void A_record_forged_outside_the_window_opens_nothing()
    {
        var world = new ModelWorld(GrantScheduleTests.Nightly, A.Grant(s => s with { StartTime = A.Start.AddHours(10) })).Run();
        world.Status.Phase.Should().Be(GrantPhase.Denied);
        world.RunUntil(A.Start.AddHours(5));
        Forge(world, GrantPhase.Pending);
        world.RunFor(TimeSpan.FromSeconds(30));
        Shut(world, "lies in no window");
    }

    [Fact]
    public void An_end_pushed_past_the_window_ends_access_at_once()
    {
        var world = new ModelWorld(GrantScheduleTests.Nightly).Run();
        world.HasAccess().Should().BeTrue();
        world.ForgeStatus(s => s with { ExpiresAt = A.Start.AddHours(4) });
        world.RunFor(TimeSpan.FromSeconds(30));
        Shut(world, "lies in no window");
    }

    [Fact]
    public void A_grant_that_is_over_stays_over_when_its_status_is_set_back()
    {
        var world = new ModelWorld().Run();
        var active = world.Status;
        world.RunUntil(A.Start.AddMinutes(32));
        world.Status.Phase.Should().Be(GrantPhase.Expired);
        world.Grant.AnnotationsOrEmpty.Should().ContainKey(BreakGlassApi.EndedAnnotation);
        world.ForgeStatus(_ => active with { ActivatedAt = world.Now, ExpiresAt = world.Now.AddHours(1) });
        world.RunFor(TimeSpan.FromSeconds(30));
        world.Cluster.Objects.Should().BeEmpty();
        world.Status.Phase.Should().Be(GrantPhase.Failed);
        Conditions.Find(world.Status.Conditions, "Active").Should().Match<Condition>(c => c.Reason == "RecordLost" && c.Message.Contains("stays over"));
    }

    /// <summary>Whoever takes the manifest of a finished grant for the next one takes our mark along, and has to learn why that is refused.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_grant_that_was_copied_with_our_mark_or_finalizer_is_told_what_to_leave_out(bool mark)
    {
        var grant = A.Grant();
        var world = new ModelWorld(grant: grant with { Metadata = mark
            ? grant.Metadata with { Annotations = new Dictionary<string, string> { [BreakGlassApi.EndedAnnotation] = "2026-11-21T01:02:03.000Z" } }
            : grant.Metadata with { Finalizers = [BreakGlassApi.RevokeFinalizer] } }).Run();
        world.Status.Phase.Should().Be(GrantPhase.Failed);
        Conditions.Find(world.Status.Conditions, "Active")!.Message
            .Should().Contain("copied from another grant").And.Contain(BreakGlassApi.EndedAnnotation).And.Contain("metadata.finalizers");
    }

    private static void Forge(ModelWorld world, GrantPhase phase, string? active = null) => world.ForgeStatus(s => s with
    {
        Phase = phase, ActivatedAt = world.Now, ExpiresAt = world.Now.AddMinutes(30), PolicyUid = world.Cluster.Policy!.Metadata.Uid,
        Credential = CredentialKind.ServiceAccountToken, Access = world.Cluster.Policy.Spec.Access, EndedAt = null, EndReason = null,
        Approvals = [new() { Approver = "carol", Decision = "Approve", At = world.Now }],
        Conditions = active is null ? [] : s.Conditions.With("Active", true, "AccessGiven", "Yes.", 1, world.Now),
    });

    private static void Shut(ModelWorld world, string says)
    {
        world.Cluster.Objects.Should().BeEmpty();
        world.Status.Phase.Should().Be(GrantPhase.Revoked);
        Conditions.Find(world.Status.Conditions, "Active").Should().Match<Condition>(c => c.Reason == "PolicyNarrowed" && c.Message.Contains(says));
    }
}
