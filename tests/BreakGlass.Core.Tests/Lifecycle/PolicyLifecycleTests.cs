using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using FluentAssertions;
using k8s;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

public sealed class PolicyLifecycleTests
{
    private static readonly PolicyFacts Usual =
        new() { Now = A.Start, Settings = A.Settings, Seal = Core.Sealing.SealState.Valid, Policy = A.Policy(), Grants = [], Cluster = AView.Usual() };

    [Fact]
    public void A_policy_in_order_is_ready_and_says_that_it_was_never_tried()
    {
        var plan = PolicyLifecycle.Decide(Usual);
        Of(plan, "Ready").Should().Match<Condition>(c => c.Status == "True" && c.Reason == "Accepted");
        Of(plan, "RolesResolved").Status.Should().Be("True");
        Of(plan, "NeverExercised").Should().Match<Condition>(c => c.Status == "True" && c.Message.Contains("Exercise the policy in a drill"));
        plan.Status.Conditions.Should().OnlyContain(c => c.ObservedGeneration == 1);
        plan.Status.ObservedGeneration.Should().Be(1);
        (plan.HoldsFinalizer, plan.Events.Count, plan.LookAgainAt).Should().Be((false, 0, null));
    }

    [Theory]
    [InlineData("mistake", "InvalidPolicy", "spec.duration.max")]
    [InlineData("unsupported", "NotSupported", "spec.idleTimeout")]
    [InlineData("role", "RoleNotFound", "ClusterRole 'edit' does not exist")]
    [InlineData("bind", "RoleNotBindable", "allow-list (ClusterRole breakglass-operator-bind)")]
    [InlineData("suspended", "Suspended", "spec.suspended is true")]
    [InlineData("gateway", "NoGateway", "set --gateway-url")]
    [InlineData("recording", "NotSupported", "set --journal-directory or --journal-bucket")]
    public void A_policy_that_gives_nothing_says_why(string why, string reason, string words)
    {
        var facts = why switch
        {
            "mistake" => Usual with { Policy = A.Policy(s => s with { Duration = new() { Max = "13h" } }) },
            "unsupported" => Usual with { Policy = A.Policy(s => s with { IdleTimeout = "10m" }) },
            "gateway" => Usual with { Policy = A.Policy(s => s with { Session = new() { Path = SessionPath.Gateway } }) },
            "recording" => Usual with
            {
                Policy = A.Policy(s => s with { Session = new() { Path = SessionPath.Gateway, Record = RecordingMode.Streams } }),
                Settings = A.Settings with { HasGateway = true },
            },
            "role" => Usual with { Cluster = AView.Of(A.Namespace("payments")) },
            "bind" => Usual with { Unbindable = [new() { Kind = "ClusterRole", Name = "edit" }] },
            _ => Usual with { Policy = A.Policy(s => s with { Suspended = true }) },
        };
        var ready = Of(PolicyLifecycle.Decide(facts), "Ready");
        (ready.Status, ready.Reason).Should().Be(("False", reason));
        ready.Message.Should().Contain(words).And.EndWith(".");
    }

    [Theory]
    [InlineData("missing", "AuthorityNotFound", "'offline-2026' does not exist")]
    [InlineData("being deleted", "AuthorityNotFound", "'offline-2026' does not exist")]
    [InlineData("not checked", "AuthorityNotReady", "has not checked it yet")]
    [InlineData("suspended", "AuthorityNotReady", "Suspended: spec.suspended is set")]
    public void A_policy_whose_authority_does_not_work_says_so_and_gives_access_to_people_who_can_sign_in(string why, string reason, string words)
    {
        var authority = AVoucher.Desk.Authority();
        var plan = PolicyLifecycle.Decide(Usual with
        {
            Policy = AVoucher.Policy(),
            Authority = why switch
            {
                "missing" => null,
                "being deleted" => Judged(authority) with { Metadata = authority.Metadata with { DeletionTimestamp = A.Start.UtcDateTime } },
                "suspended" => Judged(AVoucher.Desk.Authority(s => s with { Suspended = true })),
                _ => authority,
            },
        });
        Of(plan, "VouchersReady").Should().Match<Condition>(c => c.Status == "False" && c.Reason == reason && c.Message.Contains(words)
            && c.Message.Contains("Requests without a voucher are not affected.") && c.Message.EndsWith('.'));
        Of(plan, "Ready").Status.Should().Be("True");
    }

    [Fact]
    public void A_policy_whose_authority_is_ready_says_so_until_it_accepts_no_vouchers_any_more()
    {
        var policy = AVoucher.Policy();
        var plan = PolicyLifecycle.Decide(Usual with { Policy = policy, Authority = Judged(AVoucher.Desk.Authority()) });
        Of(plan, "VouchersReady").Should().Match<Condition>(c => c.Status == "True" && c.Reason == "AuthorityReady");
        var without = A.Policy() with { Status = plan.Status };
        Conditions.Find(PolicyLifecycle.Decide(Usual with { Policy = without }).Status.Conditions, "VouchersReady").Should().BeNull();
    }

    private static BreakGlassAuthority Judged(BreakGlassAuthority authority) => authority with
    {
        Status = AuthorityLifecycle.Decide(new() { Now = A.Start, Authority = authority, Seal = Core.Sealing.SealState.Valid }).Status,
    };

    [Fact]
    public void A_policy_with_an_idle_timeout_is_ready_only_while_audit_events_arrive()
    {
        var facts = Usual with
        {
            Policy = A.Policy(s => s with { IdleTimeout = "10m" }), Settings = A.Settings with { RecordsSessions = true }, Audit = new(A.Start, null),
        };
        var started = PolicyLifecycle.Decide(facts);
        Of(started, "Observed").Should().Match<Condition>(c => c.Status == "Unknown" && c.Reason == "NoEventYet");
        Of(started, "Ready").Status.Should().Be("True", "that no event has arrived in the first moments says nothing");
        started.LookAgainAt.Should().Be(A.Start + AuditArrival.Silence);

        var silent = PolicyLifecycle.Decide(facts with { Now = A.Start.AddMinutes(2) });
        Of(silent, "Observed").Should().Match<Condition>(c => c.Status == "False" && c.Message.Contains("No audit event"));
        Of(silent, "Ready").Should().Match<Condition>(c => c.Status == "False" && c.Reason == "NotObserved");

        var arrived = PolicyLifecycle.Decide(facts with { Now = A.Start.AddMinutes(5), Audit = new(A.Start, A.Start.AddMinutes(4)) });
        (Of(arrived, "Observed").Reason, Of(arrived, "Ready").Status).Should().Be(("EventsArrive", "True"));
        var lost = PolicyLifecycle.Decide(facts with { Now = A.Start.AddMinutes(7), Audit = new(A.Start, A.Start.AddMinutes(4)) });
        Of(lost, "Ready").Message.Should().Contain("The last audit event of the API server was at 2026-11-22T01:06:03.000Z");

        var other = PolicyLifecycle.Decide(facts with { Policy = A.Policy(), Now = A.Start.AddMinutes(7) });
        Of(other, "Ready").Status.Should().Be("True");
        other.Status.Conditions.Should().NotContain(c => c.Type == "Observed", "nothing depends on it");
    }

    [Fact]
    public void Roles_that_are_missing_are_named_each()
    {
        var policy = A.Policy(s => s with { Access = [A.Entry("a", "gone", "payments"), A.RoleEntry("b", "reader", "payments", "shop", "not-there")] });
        var resolved = Of(PolicyLifecycle.Decide(Usual with { Policy = policy, Cluster = AView.Usual(A.Role("shop", "reader")) }), "RolesResolved");
        (resolved.Status, resolved.Reason).Should().Be(("False", "RoleNotFound"));
        resolved.Message.Should().Contain("ClusterRole 'gone'").And.Contain("Role 'payments/reader'").And.NotContain("not-there").And.NotContain("shop");
    }

    [Fact]
    public void What_each_entry_hands_out_today_is_shown()
    {
        var escalating = A.Rule("rbac.authorization.k8s.io", "rolebindings", "create");
        var everything = A.ClusterRole("everything", A.Rule("*", "*", "*"), escalating);
        var policy = A.Policy(s => s with { Access = [A.Entry("a", "view", "payments"), A.ClusterWideEntry("b", "everything"),
            A.RoleEntry("c", "reader", "payments", "shop"), A.Entry("d", "gone", "payments")] });
        var cluster = AView.Usual(everything, A.Role("payments", "reader", A.Rule("", "secrets", "get")), A.Role("shop", "reader", A.Rule("", "pods", "get")));

        var roles = PolicyLifecycle.Decide(Usual with { Policy = policy, Cluster = cluster }).Status.Roles;
        roles.Select(r => (r.Name, r.Rules, r.Wildcard, r.ReadsSecrets, r.CanEscalate))
            .Should().Equal(("a", 1, false, false, false), ("b", 2, true, true, true), ("c", 2, false, true, false), ("d", 0, false, false, false));
        roles[1].Hash.Should().Be(RoleRisk.Hash(everything.Rules));
        roles[3].Hash.Should().BeNull("there is no such role, and that is not an empty one");
    }

    [Fact]
    public void A_role_whose_rules_change_is_told_once()
    {
        var seen = Usual.Policy with { Status = PolicyLifecycle.Decide(Usual).Status };
        var wider = AView.Of(A.Namespace("payments"), A.ClusterRole("edit", A.Rule("*", "*", "*")));
        var note = PolicyLifecycle.Decide(Usual with { Policy = seen, Cluster = wider }).Events.Should().ContainSingle().Subject;
        (note.Warning, note.Reason).Should().Be((true, "RoleChanged"));
        note.Text.Should().Contain("'payments'").And.Contain("with wildcards").And.Contain("can escalate");

        var settled = seen with { Status = PolicyLifecycle.Decide(Usual with { Policy = seen, Cluster = wider }).Status };
        PolicyLifecycle.Decide(Usual with { Policy = settled, Cluster = wider }).Events.Should().BeEmpty();
        PolicyLifecycle.Decide(Usual with { Policy = seen, Cluster = AView.Of() }).Events.Should().BeEmpty("a role that is gone has a condition of its own");
    }

    [Fact]
    public void What_failed_before_it_opened_was_no_use_of_the_policy()
    {
        var opening = A.Grant() with { Status = new() { Phase = GrantPhase.Pending, ActivatedAt = A.Start, ExpiresAt = A.Start.AddMinutes(30) } };
        var failed = A.Grant() with { Status = opening.Status with { Phase = GrantPhase.Failed, EndedAt = A.Start.AddSeconds(1) } };
        foreach (var grant in new[] { opening, failed })
        {
            var plan = PolicyLifecycle.Decide(Usual with { Grants = [grant] });
            (plan.Status.ActivationsInWindow, plan.Status.LastActivatedAt).Should().Be((0, null));
            Of(plan, "NeverExercised").Status.Should().Be("True");
        }
    }

    [Fact]
    public void Grants_are_counted_and_the_last_use_is_remembered_after_its_grant_is_gone()
    {
        BreakGlassGrant[] grants = [A.FinishedGrant(GrantPhase.Expired), Live(GrantPhase.Active, A.Start.AddHours(3)),
            Live(GrantPhase.Pending, A.Start.AddHours(4)), A.Grant()];
        var plan = PolicyLifecycle.Decide(Usual with { Now = A.Start.AddHours(5), Grants = grants });
        (plan.Status.ActiveGrants, plan.Status.ActivationsInWindow, plan.Status.LastActivatedAt).Should().Be((1, 3, A.Start.AddHours(4)));
        Of(plan, "NeverExercised").Status.Should().Be("False");

        var later = PolicyLifecycle.Decide(Usual with { Now = A.Start.AddDays(100), Policy = Usual.Policy with { Status = plan.Status } });
        (later.Status.ActiveGrants, later.Status.ActivationsInWindow, later.Status.LastActivatedAt).Should().Be((0, 0, A.Start.AddHours(4)));
        Of(later, "NeverExercised").Status.Should().Be("False", "it was used once");
    }

    [Fact]
    public void A_policy_is_held_while_a_grant_of_it_is_or_may_be_live()
    {
        PolicyLifecycle.Decide(Usual with { Grants = [Live(GrantPhase.Active, A.Start)] }).HoldsFinalizer.Should().BeTrue();
        PolicyLifecycle.Decide(Usual with { Grants = [Live(GrantPhase.Pending, A.Start)] }).HoldsFinalizer.Should().BeTrue();
        PolicyLifecycle.Decide(Usual with { Grants = [A.FinishedGrant(GrantPhase.Revoked), A.Grant()] }).HoldsFinalizer.Should().BeFalse();
    }

    [Fact]
    public void It_is_looked_at_again_when_an_activation_leaves_the_window()
    {
        var policy = A.Policy(s => s with { Overuse = new() { Activations = 5, Window = "2h" } });
        var facts = Usual with { Policy = policy, Grants = [Live(GrantPhase.Active, A.Start), Live(GrantPhase.Active, A.Start.AddHours(1))],
            Now = A.Start.AddHours(1) };
        var plan = PolicyLifecycle.Decide(facts);
        (plan.Status.ActivationsInWindow, plan.LookAgainAt).Should().Be((2, A.Start.AddHours(2).AddSeconds(1)));
        PolicyLifecycle.Decide(facts with { Now = plan.LookAgainAt!.Value }).Status.ActivationsInWindow.Should().Be(1);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData(5000, false)]
    [InlineData(-5000, false)]
    [InlineData(5001, true)]
    [InlineData(-31000, true)]
    public void Clocks_that_differ_are_shown_while_they_do(int? skewMillis, bool shown)
    {
        TimeSpan? skew = skewMillis is { } millis ? TimeSpan.FromMilliseconds(millis) : null;
        var before = Usual.Policy with { Status = PolicyLifecycle.Decide(Usual with { ClockSkew = TimeSpan.FromMinutes(1) }).Status };
        var condition = Conditions.Find(PolicyLifecycle.Decide(Usual with { Policy = before, ClockSkew = skew }).Status.Conditions, "ClockSkewed");
        (condition?.Status).Should().Be(shown ? "True" : null);
        if (shown) condition!.Message.Should().Contain("5s").And.Contain("30s").And.Contain("NTP");
    }

    [Fact]
    public void Deciding_twice_changes_nothing()
    {
        var facts = Usual with { Grants = [Live(GrantPhase.Active, A.Start)], ClockSkew = TimeSpan.FromSeconds(6) };
        var once = PolicyLifecycle.Decide(facts);
        var twice = PolicyLifecycle.Decide(facts with { Policy = facts.Policy with { Status = once.Status }, Now = A.Start.AddMinutes(1) });
        twice.Status.Should().BeEquivalentTo(once.Status);
        twice.Events.Should().BeEmpty();
    }

    [Fact]
    public void A_forged_time_of_activation_at_the_end_of_time_does_not_stop_the_rest()
    {
        var act = () => PolicyLifecycle.Decide(Usual with { Grants = [Live(GrantPhase.Active, DateTimeOffset.MaxValue)] });
        act.Should().NotThrow();
    }

    private static Condition Of(PolicyPlan plan, string type) => Conditions.Find(plan.Status.Conditions, type)!;

    private static BreakGlassGrant Live(GrantPhase phase, DateTimeOffset since) =>
        A.Grant() with { Status = new() { Phase = phase, Transitions = [new() { At = since, To = GrantPhase.Active }], ActivatedAt = since,
            ExpiresAt = since <= A.Start.AddDays(1) ? since.AddMinutes(30) : since } };
}
