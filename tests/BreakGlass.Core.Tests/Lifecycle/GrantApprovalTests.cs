using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>Mode JustInTime: access after approval, by itself, without anybody in an emergency, or not at all.</summary>
public sealed class GrantApprovalTests
{
    [Fact]
    public void A_grant_waits_for_its_approver_and_opens_with_the_approval()
    {
        var world = new ModelWorld(JustInTime()).Run();
        world.Status.Should().Match<GrantStatus>(
            s => s.Phase == GrantPhase.AwaitingApproval && s.ExpiresAt == null && s.ActivatedAt == null && s.PolicyUid == "policy-1");
        Of(world, "Authorized").Status.Should().Be("True");
        Of(world, "Approved").Should().Match<Condition>(c => c.Status == "False" && c.Reason == "AwaitingApproval" && c.Message.Contains("0 of 1")
            && c.Message.Contains("Ask Group approvers") && c.Message.Contains("2026-11-22T01:17:03"));
        world.Events.Select(n => n.Reason).Should().Equal("GrantRequested");
        world.Cluster.Objects.Should().BeEmpty();
        world.Grant.FinalizersOrEmpty.Should().BeEmpty("there is nothing yet that would have to be revoked");

        world.RunFor(TimeSpan.FromMinutes(5));
        world.Decide("carol");
        world.Run();
        world.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Active && s.ActivatedAt == A.Start.AddMinutes(5).AddSeconds(1)
            && s.ExpiresAt == s.ActivatedAt!.Value.AddMinutes(30), "its time starts when access does");
        Of(world, "Approved").Should().Match<Condition>(c => c.Status == "True" && c.Reason == "Approved" && c.Message == "Approved by carol.");
        world.Status.Approvals.Should().Equal(new ApprovalRecord { Approver = "carol", Decision = "Approve", At = A.Start.AddMinutes(5).AddSeconds(1) });
        world.Status.Transitions.Select(t => (t.From, t.To))
            .Should().Equal((null, GrantPhase.AwaitingApproval), (GrantPhase.AwaitingApproval, GrantPhase.Pending), (GrantPhase.Pending, GrantPhase.Active));
        world.Events.Select(n => n.Reason).Should().Equal("GrantRequested", "GrantApproved", "GrantActivated");
        world.HasAccess().Should().BeTrue();
    }

    [Fact]
    public void While_it_waits_nothing_is_written_and_it_is_looked_at_when_the_waiting_ends()
    {
        var world = new ModelWorld(JustInTime()).Run();
        var plan = world.Reconcile();
        plan.Should().BeEquivalentTo(GrantPlan.Wait(A.Start.AddMinutes(15)));
    }

    public static TheoryData<string, bool> Voices => new()
    {
        { "carol, dave", true },
        { "carol", false },
        { "carol, carol", false },
        { "carol, alice", false },
        { "carol, mallory!", false },
        { "carol#1, karl#1", false },
        { "carol#1, karl#2", true },
        { "carol, mallory!, alice, dave", true },
    };

    [Theory]
    [MemberData(nameof(Voices))]
    public void Two_approvals_are_two_different_people_who_may_and_never_the_requester(string voices, bool opens)
    {
        var world = new ModelWorld(JustInTime(a => a with { Required = 2 })).Run();
        foreach (var voice in voices.Split(", "))
        {
            var parts = voice.TrimEnd('!').Split('#');
            world.Decide(parts[0], group: voice.EndsWith('!') ? "dev" : "approvers", uid: parts.Length > 1 ? parts[1] : null);
        }

        world.Run().Status.Phase.Should().Be(opens ? GrantPhase.Active : GrantPhase.AwaitingApproval);
    }

    [Fact]
    public void An_approval_of_a_namesake_or_of_another_grant_never_counts()
    {
        var world = new ModelWorld(JustInTime()).Run();
        world.Cluster.Approvals = [A.Approval(A.Grant(uid: "grant-0"), A.Caller("carol", "approvers")),
            A.Approval(A.Grant(name: "inc-1"), A.Caller("carol", "approvers"))];
        world.Run().Status.Phase.Should().Be(GrantPhase.AwaitingApproval);
    }

    [Fact]
    public void What_does_not_count_counts_nowhere_even_where_it_reaches_the_decision()
    {
        var approvals = new[] { A.Approval(A.Grant(uid: "grant-0"), A.Caller("carol", "approvers")), A.Approval(A.Grant(),
            A.Caller("carol", "approvers")) with { Spec = new() { Grant = "inc-4711", Decision = "Approve", Approver = A.Caller("carol", "approvers") } } };
        var world = new ModelWorld(JustInTime());
        var facts = world.Gather(new ModelRun()) with { Approvals = approvals };
        GrantLifecycle.Decide(facts).Steps.Should().ContainSingle().Which
            .Should().Match<PlanStep>(s => ((PlanStep.WriteStatus)s).Status.Phase == GrantPhase.AwaitingApproval);
        GrantLifecycle.Decide(facts.JudgedBy(Core.Sealing.SealCheck.Trusting)).Steps.OfType<PlanStep.WriteStatus>().Single().Status.ExpiresAt
            .Should().NotBeNull("without a webhook nobody stamps a UID, and the manifest is taken as written");
    }

    [Fact]
    public void One_no_ends_it_whoever_said_yes()
    {
        var world = new ModelWorld(JustInTime(a => a with { Required = 2 })).Run();
        world.Decide("carol");
        world.Decide("mallory", "Deny", "dev");
        world.Run().Status.Phase.Should().Be(GrantPhase.AwaitingApproval, "mallory has no say");
        world.Decide("dave", "Deny");
        world.Decide("erin");
        world.Run();
        world.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Denied && s.EndReason == EndReason.Denied && s.Approvals.Count == 3);
        world.Status.Transitions[^1].Should().Match<TransitionRecord>(t => t.Actor == "dave" && t.Reason == "DeniedByApprover");
        Of(world, "Approved").Should().Match<Condition>(
            c => c.Status == "False" && c.Reason == "DeniedByApprover" && c.Message.Contains("approver 'dave' denied the request") && c.Message.EndsWith('.'));
        Of(world, "Authorized").Status.Should().Be("True", "the policy allows it; it is the approver who does not");
        Of(world, "Active").Message.Should().Contain("condition Approved");
        world.Events[^1].Should().Match<GrantEvent>(n => n.Warning && n.Reason == "GrantDenied" && n.Text.Contains("talk to them"));
    }

    [Fact]
    public void Whoever_said_yes_and_then_no_said_no()
    {
        var world = new ModelWorld(JustInTime()).Run();
        world.Decide("carol");
        world.Decide("carol", "Deny");
        world.Run().Status.Phase.Should().Be(GrantPhase.Denied);
    }

    [Fact]
    public void Without_a_decision_in_time_it_is_denied()
    {
        var world = new ModelWorld(JustInTime(a => a with { Required = 2 })).Run();
        world.Decide("carol");
        world.RunUntil(A.Start.AddMinutes(15).AddMilliseconds(-1)).Status.Phase.Should().Be(GrantPhase.AwaitingApproval);
        Of(world, "Approved").Message.Should().Contain("1 of 2");
        world.RunUntil(A.Start.AddMinutes(15));
        world.Status.Should().Match<GrantStatus>(
            s => s.Phase == GrantPhase.Denied && s.EndReason == EndReason.ApprovalTimeout && s.EndedAt == A.Start.AddMinutes(15));
        Of(world, "Approved").Should().Match<Condition>(
            c => c.Reason == "ApprovalTimeout" && c.Message.Contains("1 of 2 approval(s) within 15m") && c.Message.Contains("create a new grant"));
        world.Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void An_approval_in_time_counts_though_the_operator_looks_later_and_one_past_it_does_not()
    {
        var late = new ModelWorld(JustInTime()).Run();
        late.Now = A.Start.AddMinutes(16);
        late.Decide("carol");
        late.Run().Status.EndReason.Should().Be(EndReason.ApprovalTimeout);

        var inTime = new ModelWorld(JustInTime()).Run();
        inTime.Now = A.Start.AddMinutes(10);
        inTime.Decide("carol");
        inTime.Now = A.Start.AddMinutes(40);
        inTime.Run().Status.Phase.Should().Be(GrantPhase.Active);

        var forgotten = new ModelWorld(JustInTime()).Run();
        forgotten.Now = A.Start.AddMinutes(10);
        forgotten.Decide("carol");
        forgotten.Now = A.Start.AddMinutes(71);
        forgotten.Run();
        Of(forgotten, "Authorized").Reason.Should().Be("TooLate", "an hour after the approval nobody expects it to open");
    }

    public static TheoryData<string, EndReason, string> Causes => new()
    {
        { "suspended", EndReason.PolicySuspended, "PolicySuspended" },
        { "deleted", EndReason.PolicyDeleted, "PolicyNotFound" },
        { "made anew", EndReason.PolicyDeleted, "PolicyDeleted" },
        { "narrowed", EndReason.Denied, "RequesterNotAllowed" },
        { "locked", EndReason.Lockdown, "Lockdown" },
    };

    [Theory]
    [MemberData(nameof(Causes))]
    public void What_would_end_an_active_grant_denies_one_that_waits(string what, EndReason reason, string condition)
    {
        foreach (var policy in new[] { JustInTime(), GrantScheduleTests.Nightly })
        {
            var world = new ModelWorld(policy, policy.Spec.Schedule is null ? null : A.Grant(s => s with { StartTime = A.Start.AddMinutes(30) })).Run();
            world.Status.IsRecorded.Should().BeFalse();
            switch (what)
            {
                case "suspended": world.EditPolicy(s => s with { Suspended = true }); break;
                case "deleted": world.DeletePolicy(); break;
                case "made anew": world.Cluster.Policy = policy with { Metadata = policy.Metadata with { Uid = "policy-2" } }; break;
                case "narrowed": world.EditPolicy(s => s with { Requesters = [A.User("bob")] }); break;
                default: world.Lock(); break;
            }

            world.Decide("carol");
            world.Run();
            (world.Status.Phase, world.Status.EndReason).Should().Be((GrantPhase.Denied, reason));
            Of(world, "Authorized").Should().Match<Condition>(c => c.Status == "False" && c.Reason == condition);
            world.Cluster.Objects.Should().BeEmpty();
        }
    }

    [Fact]
    public void One_that_waits_can_be_revoked_and_is_gone_where_it_is_deleted()
    {
        var world = new ModelWorld(JustInTime()).Run();
        world.Revoke();
        world.Run().Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Revoked && s.EndReason == EndReason.RevokedByUser && s.ActivatedAt == null);

        var deleted = new ModelWorld(JustInTime()).Run();
        deleted.DeleteGrant();
        deleted.Cluster.Grant.Should().BeNull();
    }

    [Theory]
    [InlineData("view", "10m", true, true)]
    [InlineData("view", "10m1s", true, false)]
    [InlineData("edit", "10m", true, false)]
    [InlineData("edit", "10m", false, true)]
    [InlineData("empty", "10m", true, false)]
    public void What_is_short_and_read_only_approves_itself(string role, string duration, bool readOnlyOnly, bool opens)
    {
        var policy = JustInTime(a => a with { AutoApprove = new() { MaxDuration = "10m", ReadOnlyOnly = readOnlyOnly } },
            s => s with { Access = [A.Entry("payments", role, "payments")] });
        var world = new ModelWorld(policy, A.Grant(s => s with { Duration = duration }));
        world.SetClusterRole("empty");
        world.Run().Status.Phase.Should().Be(opens ? GrantPhase.Active : GrantPhase.AwaitingApproval);
        if (!opens) return;
        Of(world, "Approved").Should().Match<Condition>(c => c.Status == "True" && c.Reason == "AutoApproved");
        world.Events.Select(n => n.Reason).Should().Contain("GrantApproved");
    }

    [Fact]
    public void In_an_emergency_without_approvers_access_is_given_shorter_loudly_and_reviewed()
    {
        var world = new ModelWorld(JustInTime(policy: s => s with { EmergencyBypass = new() { Duration = "10m" } })).RunUntil(A.Start.AddMinutes(15)
            .AddSeconds(1));
        world.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Active && s.ExpiresAt == A.Start.AddMinutes(25));
        Of(world, "Approved").Should().Match<Condition>(c => c.Status == "False" && c.Reason == "EmergencyBypass");
        world.Events.Should().NotContain(n => n.Reason == "GrantApproved");
        world.Events[^1].Should().Match<GrantEvent>(
            n => n.Warning && n.Reason == "GrantActivated" && n.Text.Contains("EMERGENCY BYPASS") && n.Text.Contains("0 of 1"));
        world.RunUntil(A.Start.AddMinutes(26));
        Of(world, "Reviewed")
            .Should().Match<Condition>(c => c.Status == "False" && c.Reason == "ReviewPending", "though the policy asks for no review otherwise");
    }

    [Fact]
    public void What_waited_for_days_lasts_as_long_as_any_other_though_the_operator_was_away_all_the_time()
    {
        var bypassed = new ModelWorld(JustInTime(
            a => a with { Timeout = "100h" }, s => s with { EmergencyBypass = new() { Duration = "10m" } })) { Now = A.Start.AddHours(100).AddMinutes(1) };
        bypassed.Run().Status.Phase.Should().Be(GrantPhase.Active);
        GrantEnd.Of(bypassed.Grant, bypassed.Settings)!.At.Should().Be(A.Start.AddHours(100).AddMinutes(11));

        var approved = new ModelWorld(JustInTime(a => a with { Timeout = "100h" })) { Now = A.Start.AddHours(99) };
        approved.Decide("carol");
        approved.Run().RunFor(TimeSpan.FromMinutes(29));
        approved.HasAccess().Should().BeTrue();
        approved.RunFor(TimeSpan.FromMinutes(1)).Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void A_bypass_gives_no_longer_than_was_asked_for_and_an_approver_s_no_stops_it()
    {
        var policy = JustInTime(policy: s => s with { EmergencyBypass = new() { Duration = "10m" } });
        new ModelWorld(policy, A.Grant(s => s with { Duration = "5m" })).RunUntil(A.Start.AddMinutes(16)).Status.ExpiresAt.Should().Be(A.Start.AddMinutes(20));

        var no = new ModelWorld(policy).Run();
        no.Now = A.Start.AddMinutes(16);
        no.Decide("carol", "Deny");
        no.Run().Status.Transitions[^1].Reason.Should().Be("DeniedByApprover");
    }

    [Theory]
    [InlineData("False", GrantPhase.Denied)]
    [InlineData("True", GrantPhase.Active)]
    public void A_second_bypass_is_refused_until_the_first_is_reviewed(string reviewed, GrantPhase phase)
    {
        var earlier = A.FinishedGrant(GrantPhase.Expired, "inc-1", "grant-0");
        earlier = earlier with { Status = earlier.Status with { Conditions = [new() { Type = "Approved", Status = "False", Reason = "EmergencyBypass" },
            new() { Type = "Reviewed", Status = reviewed, Reason = "x" }] } };
        var world = new ModelWorld(JustInTime(policy: s => s with { EmergencyBypass = new() { Duration = "10m" } }));
        world.Cluster.Siblings = [earlier];
        world.RunUntil(A.Start.AddMinutes(15).AddSeconds(1)).Status.Phase.Should().Be(phase);
        if (phase is GrantPhase.Denied) Of(world, "Approved").Should()
            .Match<Condition>(c => c.Reason == "ApprovalTimeout" && c.Message.Contains("'inc-1'") && c.Message.Contains("which used it, is reviewed"));
    }

    [Fact]
    public void A_bypass_takes_its_place_in_the_policy_and_one_that_failed_before_it_opened_holds_up_nobody()
    {
        var world = new ModelWorld(JustInTime(policy: s => s with { EmergencyBypass = new() { Duration = "10m" } })).RunUntil(A.Start.AddMinutes(16));
        world.Cluster.Policy!.Status.Holders.Should().ContainSingle().Which.Bypass.Should().BeTrue();

        var failed = GrantLimitTests.Failed("inc-1", "bob");
        failed = failed with { Status = failed.Status with { Conditions = [new() { Type = "Approved", Status = "False", Reason = "EmergencyBypass" }] } };
        var next = new ModelWorld(JustInTime(policy: s => s with { EmergencyBypass = new() { Duration = "10m" } }) with { Status =
            new() { Holders = [GrantLimitTests.Holder("inc-1", "bob") with { Bypass = true }] } });
        next.Cluster.Siblings = [failed];
        next.RunUntil(A.Start.AddMinutes(16)).Status.Phase.Should().Be(GrantPhase.Active);
    }

    [Fact]
    public void An_approval_that_is_taken_back_while_it_counts_does_not_count_any_more()
    {
        var world = new ModelWorld(JustInTime(a => a with { Required = 2 })).Run();
        world.Decide("carol");
        world.Run();
        world.Cluster.Approvals = [];
        world.Decide("dave");
        world.Run();
        world.Status.Phase.Should().Be(GrantPhase.AwaitingApproval);
        world.Status.Approvals.Select(a => a.Approver).Should().Equal("dave");
    }

    internal static BreakGlassPolicy JustInTime(Func<ApprovalTerms, ApprovalTerms>? approval = null, Func<PolicySpec, PolicySpec>? policy = null) =>
        A.Policy(s => (policy ?? (x => x))(s with
        {
            Mode = PolicyMode.JustInTime,
            Approval = (approval ?? (a => a))(new() { Approvers = [A.Group("approvers"), A.User("alice")] }),
        }));

    private static Condition Of(ModelWorld world, string type) => Conditions.Find(world.Status.Conditions, type)!;
}
