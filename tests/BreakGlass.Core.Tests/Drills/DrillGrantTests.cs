using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Drills;

/// <summary>What a policy gives to the grant of a drill, and what it does not ask of it.</summary>
public sealed class DrillGrantTests
{
    private const string Drill = "system:serviceaccount:breakglass-system:breakglass-drill";

    [Fact]
    public void A_policy_that_allows_drills_gives_the_drill_identity_access_that_nobody_reviews()
    {
        var world = new ModelWorld(Allowing(), A.DrillGrant()).Run();
        world.Status.Phase.Should().Be(GrantPhase.Active);
        Conditions.Find(world.Status.Conditions, "Reviewed").Should().BeNull();
    }

    [Fact]
    public void What_only_people_have_is_not_asked_of_a_drill()
    {
        var policy = Allowing(s => s with
        {
            RequireClaims = [new() { Key = "example.com/amr", Values = ["mfa"] }], Justification = new() { MinLength = 1000, TicketPattern = "^INC-[0-9]+$" },
        });
        new ModelWorld(policy, A.DrillGrant()).Run().Status.Phase.Should().Be(GrantPhase.Active);
    }

    [Fact]
    public void A_policy_that_does_not_allow_drills_denies_it_with_what_to_do()
    {
        var world = new ModelWorld(A.Policy(), A.DrillGrant()).Run();
        world.Status.Phase.Should().Be(GrantPhase.Denied);
        Conditions.Find(world.Status.Conditions, "Authorized").Should().Match<Condition>(
            c => c.Reason == "DrillsForbidden" && c.Message.Contains("set its spec.drills to Allowed"));
    }

    [Fact]
    public void A_policy_that_does_not_allow_drills_any_more_ends_them()
    {
        var world = new ModelWorld(Allowing(), A.DrillGrant()).Run();
        world.Cluster.Policy = world.Cluster.Policy! with { Spec = world.Cluster.Policy.Spec with { Drills = DrillPermission.Forbidden } };
        world.Run();
        world.Status.EndReason.Should().Be(EndReason.PolicyNarrowed);
    }

    [Theory]
    [InlineData("alice")]
    [InlineData("system:serviceaccount:breakglass-system:breakglass-drill-approver")]
    [InlineData("system:serviceaccount:team-a:breakglass-drill")]
    [InlineData("system:serviceaccount:breakglass-system:breakglass-operator")]
    public void Nobody_else_can_mark_a_grant_as_a_drill(string user)
    {
        var grant = A.DrillGrant() with { Spec = A.DrillGrant().Spec with { Requester = A.Caller(user, "payments-oncall") } };
        DrillRules.CheckMark(null, grant, user, A.Settings).Should()
            .Match<Problem>(p => p.Reason == "NotADrill" && p.ToString().Contains("remove the label"));
        var world = new ModelWorld(Allowing(s => s with { Requesters = [A.User(user)] }), grant).Run();
        world.Status.Phase.Should().Be(GrantPhase.Denied);
        Conditions.Find(world.Status.Conditions, "Authorized")!.Reason.Should().Be("NotADrill");
    }

    [Fact]
    public void A_voucher_that_names_the_drill_identity_is_judged_also_if_somebody_marked_the_grant_as_a_drill()
    {
        using var stranger = new OfflineDesk();
        foreach (var (policy, reason) in new[] { (Allowing(), "VouchersNotAllowed"), (Allowing(AVoucher.Accepted), "VoucherNotSigned") })
        {
            var text = stranger.Issue(v => v with { Person = Drill, Cluster = AVoucher.Cluster });
            var grant = AVoucher.Grant(voucher: text, proof: stranger.Prove(text, "inc-4711", A.Start));
            var world = new ModelWorld(policy, grant with
            {
                Metadata = grant.Metadata with { Labels = A.Labels((BreakGlassApi.DrillLabel, "weekly")) },
                Spec = grant.Spec with { Requester = grant.Spec.Requester! with { PresentedBy = Drill } },
            });
            world.Cluster.Authority = AVoucher.Desk.Authority();
            world.Crash();
            world.Run();
            world.Status.Phase.Should().Be(GrantPhase.Denied);
            Conditions.Find(world.Status.Conditions, "Authorized")!.Reason.Should().Be(reason);
        }
    }

    [Fact]
    public void The_mark_is_set_at_the_create_and_never_changes()
    {
        var (plain, marked) = (A.Grant(), A.DrillGrant());
        DrillRules.CheckMark(null, marked, Drill, A.Settings).Should().BeNull();
        DrillRules.CheckMark(null, plain, "alice", A.Settings).Should().BeNull();
        DrillRules.CheckMark(marked, marked, "alice", A.Settings).Should().BeNull();
        foreach (var (before, after) in new[] { (plain, marked), (marked, plain), (marked, A.DrillGrant("other")) })
        {
            foreach (var user in new[] { "alice", Drill })
                DrillRules.CheckMark(before, after, user, A.Settings)!.ToString().Should().Contain("cannot be added, changed or removed later");
        }
    }

    [Fact]
    public void The_drill_approver_stands_for_all_approvers_of_a_drill_and_for_none_of_a_person()
    {
        var policy = Allowing(s => s with
        {
            Mode = PolicyMode.JustInTime, Approval = new() { Required = 2, Approvers = [A.Group("approvers")], Timeout = "15m" },
        });
        var approver = A.Caller("system:serviceaccount:breakglass-system:breakglass-drill-approver");
        ApprovalRules.Check(A.Approval(A.DrillGrant(), approver), A.DrillGrant(), policy).Should().BeNull();
        ApprovalRules.Check(A.Approval(A.Grant(), approver), A.Grant(), policy)!.Reason.Should().Be("ApproverNotAllowed");
        var stranger = A.Caller("system:serviceaccount:team-a:breakglass-drill-approver");
        ApprovalRules.Check(A.Approval(A.DrillGrant(), stranger), A.DrillGrant(), policy)!.Reason.Should().Be("ApproverNotAllowed");

        var world = new ModelWorld(policy, A.DrillGrant()).Run();
        world.Status.Phase.Should().Be(GrantPhase.AwaitingApproval);
        world.Decide(approver.Username, group: "none");
        world.Run();
        world.Status.Phase.Should().Be(GrantPhase.Active);
    }

    [Fact]
    public void Nobody_who_decides_on_a_drill_is_made_up_for_by_the_emergency_bypass()
    {
        var policy = Allowing(s => s with
        {
            Mode = PolicyMode.JustInTime, Approval = new() { Approvers = [A.Group("approvers")], Timeout = "15m" },
            EmergencyBypass = new() { Duration = "5m" },
        });
        var world = new ModelWorld(policy, A.DrillGrant()).RunFor(TimeSpan.FromMinutes(16));
        world.Status.Phase.Should().Be(GrantPhase.Denied);
        world.Status.EndReason.Should().Be(EndReason.ApprovalTimeout);
    }

    [Fact]
    public void Drills_take_no_place_and_wait_for_none()
    {
        var limits = Allowing(s => s with { Limits = new() { MaxActive = 1, MaxActivePerRequester = 1, Cooldown = "1h" } });
        var person = A.Grant(name: "inc-1", uid: "grant-9") with { Status = Recorded };
        var world = new ModelWorld(limits, A.DrillGrant());
        world.Cluster.Siblings = [person];
        world.Run().Status.Phase.Should().Be(GrantPhase.Active);
        world.Plans.SelectMany(p => p.Steps).Should().NotContain(s => s is PlanStep.Reserve);

        var other = new ModelWorld(limits);
        other.Cluster.Siblings = [A.DrillGrant(uid: "grant-8") with { Status = Recorded }];
        other.Run().Status.Phase.Should().Be(GrantPhase.Active);
    }

    [Fact]
    public void Drills_do_not_count_as_use_and_show_that_the_policy_was_exercised()
    {
        var policy = Allowing(s => s with { Overuse = new() { Activations = 1, Window = "168h" } });
        var drilled = A.DrillGrant() with { Status = A.FinishedGrant(GrantPhase.Revoked).Status };
        var plan = PolicyLifecycle.Decide(new()
        {
            Now = A.Start.AddHours(1), Settings = A.Settings, Seal = Core.Sealing.SealState.Valid, Policy = policy, Grants = [drilled],
            Cluster = AView.Usual(),
        });
        plan.Status.ActivationsInWindow.Should().Be(0);
        plan.Status.LastActivatedAt.Should().BeNull();
        Conditions.Find(plan.Status.Conditions, "Overused")!.Status.Should().Be("False");
        Conditions.Find(plan.Status.Conditions, "NeverExercised").Should().Match<Condition>(c => c.Status == "False" && c.Reason == "Drilled");
    }

    private static GrantStatus Recorded => new()
    {
        Phase = GrantPhase.Active, ActivatedAt = A.Start, ExpiresAt = A.Start.AddMinutes(30), PolicyUid = "policy-1",
    };

    private static BreakGlassPolicy Allowing(Func<PolicySpec, PolicySpec>? spec = null) =>
        A.Policy(s => (spec ?? (x => x))(s with { Drills = DrillPermission.Allowed }));
}
