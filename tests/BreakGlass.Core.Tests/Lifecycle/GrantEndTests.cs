using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>All that ends a grant before its time, and what denies one.</summary>
public sealed class GrantEndTests
{
    private static readonly Dictionary<string, (Action<ModelWorld> Do, EndReason Reason, string Actor, string Words)> Ends = new()
    {
        ["revoked by somebody"] = (w => w.Revoke("rolled back", "bob"), EndReason.RevokedByUser, "bob", "rolled back"),
        ["revoked without a word"] = (w => w.Revoke(null, null), EndReason.RevokedByUser, "unknown", "spec.revoke"),
        ["deleted"] = (w => w.DeleteGrant(), EndReason.Deleted, "unknown", "deleted"),
        ["policy suspended"] = (w => w.EditPolicy(s => s with { Suspended = true }), EndReason.PolicySuspended, "breakglass-operator", "suspended"),
        ["policy deleted"] = (w => w.DeletePolicy(), EndReason.PolicyDeleted, "breakglass-operator", "deleted"),
        ["policy being deleted"] = (w => w.Cluster.Policy = w.Cluster.Policy! with { Metadata = w.Cluster.Policy.Metadata with { DeletedAt = A.Start } },
            EndReason.PolicyDeleted, "breakglass-operator", "deleted"),
        ["policy deleted and made again"] = (w => w.Cluster.Policy = A.Policy(uid: "policy-2"), EndReason.PolicyDeleted, "breakglass-operator", "deleted"),
        ["requester taken out"] = (w => w.EditPolicy(s => s with { Requesters = [A.User("bob")] }), EndReason.PolicyNarrowed, "breakglass-operator",
            "spec.requesters: alice is no longer one of them"),
        ["entry taken out"] = (w => w.EditPolicy(s => s with { Access = [A.Entry("other", "edit", "payments")] }), EndReason.PolicyNarrowed,
            "breakglass-operator", "spec.access: the policy has none"),
        ["another role"] = (w => w.EditPolicy(s => s with { Access = [A.Entry("payments", "view", "payments")] }), EndReason.PolicyNarrowed,
            "breakglass-operator", "spec.access: the policy has none"),
        ["another credential"] = (w => w.EditPolicy(s => s with { Credential = CredentialKind.BindRequester }), EndReason.PolicyNarrowed,
            "breakglass-operator", "spec.credential"),
        ["a policy that is not valid any more"] = (w => w.EditPolicy(s => s with { IdleTimeout = "10m" }), EndReason.PolicyNarrowed, "breakglass-operator",
            "spec.idleTimeout"),
        ["a max that is over already"] = (w => w.EditPolicy(s => s with { Duration = new() { Default = "1s", Max = "1s" } }), EndReason.PolicyNarrowed,
            "breakglass-operator", "spec.duration.max"),
        ["a lockdown"] = (w => w.Lock(), EndReason.Lockdown, "sue", "token leaked"),
        ["a lockdown of nobody"] = (w => w.Lock(by: null), EndReason.Lockdown, "unknown", "lockdown 'lockdown-"),
        ["a lockdown of the policy"] = (w =>
        {
            w.Cluster.Policy = w.Cluster.Policy! with { Metadata = w.Cluster.Policy.Metadata with { Labels = A.Labels(("team", "payments")) } };
            w.Lock(A.Selector(("team", "payments")));
        }, EndReason.Lockdown, "sue", "token leaked"),
        ["a seal that somebody took"] = (w => w.Seal = Core.Sealing.SealState.Missing, EndReason.PolicyNarrowed, "breakglass-operator",
            "the requester is not sealed"),
    };

    public static TheoryData<string> EndCases => [.. Ends.Keys];

    [Theory]
    [MemberData(nameof(EndCases))]
    public void Access_ends_at_once_with_the_reason(string what)
    {
        var (act, reason, actor, words) = Ends[what];
        var world = new ModelWorld().RunFor(TimeSpan.FromMinutes(2));
        world.HasAccess().Should().BeTrue();

        act(world);
        GrantStatus? last = null;
        world.Done = (_, _) => last = world.Cluster.Grant?.Status ?? last;
        world.RunFor(TimeSpan.FromSeconds(15));
        world.Cluster.Objects.Should().BeEmpty();
        last!.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Revoked && s.EndReason == reason && s.EndedAt == A.Start.AddMinutes(2));
        last!.Transitions[^1].Actor.Should().Be(actor);
        Conditions.Find(last.Conditions, "Active")!.Message.Should().Contain(words);
        Conditions.IsTrue(last.Conditions, "Revoked").Should().BeTrue();
        world.Events.Should().ContainSingle(n => n.Reason == "GrantRevoked");
    }

    [Fact]
    public void A_record_that_somebody_wrote_ends_with_whatever_it_opened()
    {
        var world = new ModelWorld().RunFor(TimeSpan.FromMinutes(2));
        world.RecordSeal = Core.Sealing.SealState.Broken;
        world.RunFor(TimeSpan.FromSeconds(15));
        world.Cluster.Objects.Should().BeEmpty();
        world.Status.Phase.Should().Be(GrantPhase.Failed);
        Conditions.Find(world.Status.Conditions, "Active")
            .Should().Match<Condition>(c => c.Reason == "RecordForged" && c.Message.Contains("the operator did not write the record"));
    }

    [Fact]
    public void A_record_that_somebody_wrote_before_there_was_one_opens_nothing()
    {
        var world = new ModelWorld();
        world.RecordSeal = Core.Sealing.SealState.Missing;
        var entry = A.Entry("payments", "edit", "payments");
        world.ForgeStatus(s => s with { Phase = GrantPhase.Active, ActivatedAt = world.Now, ExpiresAt = world.Now
            .AddHours(1), PolicyUid = world.Cluster.Policy!.Metadata.Uid, Credential = CredentialKind.ServiceAccountToken, Access = [entry] });
        world.Run();
        world.Cluster.Objects.Should().BeEmpty();
        world.HasAccess().Should().BeFalse();
        world.Status.Phase.Should().Be(GrantPhase.Failed);
    }

    [Fact]
    public void A_deleted_grant_goes_when_its_access_is_proven_to_be_gone()
    {
        var world = new ModelWorld().Run();
        world.DeleteGrant();
        world.Cluster.Grant.Should().NotBeNull("the finalizer holds it");
        world.RunFor(TimeSpan.FromSeconds(15));
        world.Cluster.Grant.Should().BeNull();
    }

    [Fact]
    public void What_the_policy_gives_more_does_not_end_a_grant_and_does_not_widen_it()
    {
        var world = new ModelWorld().Run();
        world.EditPolicy(
            s => s with { Access = [A.Entry("payments", "edit", "payments", "shop"), A.ClusterWideEntry("all", "edit")], Duration = new() { Max = "12h" } });
        world.RunFor(TimeSpan.FromMinutes(1));
        world.Status.Phase.Should().Be(GrantPhase.Active);
        world.Binding.Metadata.NamespaceProperty.Should().Be("payments");
        world.RunUntil(A.Start.AddMinutes(30)).Status.Phase.Should().Be(GrantPhase.Expired);
    }

    [Fact]
    public void A_max_that_was_shortened_ends_the_grant_when_it_is_reached()
    {
        var world = new ModelWorld().RunFor(TimeSpan.FromMinutes(2));
        world.EditPolicy(s => s with { Duration = new() { Default = "10m", Max = "10m" } });
        world.RunUntil(A.Start.AddMinutes(10).AddMilliseconds(-1)).HasAccess().Should().BeTrue();
        world.RunUntil(A.Start.AddMinutes(10)).HasAccess().Should().BeFalse("nothing else happens at that moment, and the operator has to look by itself");
        world.Status.EndReason.Should().Be(EndReason.PolicyNarrowed);
    }

    [Fact]
    public void A_stale_cache_of_the_policy_ends_nothing()
    {
        var world = new ModelWorld().Run();
        world.CachesLag = true;
        world.EditPolicy(s => s with { Suspended = true });
        world.Crash();
        world.EditPolicy(s => s with { Suspended = false });
        world.Run();
        world.Status.Phase.Should().Be(GrantPhase.Active, "the server itself was asked, and it says that the policy is not suspended");
    }

    [Fact]
    public void A_denial_is_never_based_on_a_stale_cache()
    {
        var world = new ModelWorld { CachesLag = true };
        world.DeletePolicy();
        world.Crash();
        world.Cluster.Policy = A.Policy();
        world.Run().Status.Phase.Should().Be(GrantPhase.Active);
    }

    [Fact]
    public void A_denied_grant_is_a_record_and_makes_nothing()
    {
        var world = new ModelWorld(grant: A.Grant(s => s with { Duration = "2h" })).Run();
        world.Status.Should().Match<GrantStatus>(
            s => s.Phase == GrantPhase.Denied && s.EndReason == EndReason.Denied && s.EndedAt == A.Start && s.ExpiresAt == null);
        Conditions.Find(world.Status.Conditions, "Authorized").Should().Match<Condition>(c => c.Status == "False" && c.Reason == "DurationTooLong");
        Conditions.Find(world.Status.Conditions, "Authorized")!.Message
            .Should().Be("spec.duration: 2h is longer than the policy's max, 1h; request at most that.");
        Conditions.Find(world.Status.Conditions, "Active")!.Status.Should().Be("False");
        world.Cluster.Objects.Should().BeEmpty();
        world.Grant.FinalizersOrEmpty.Should().BeEmpty();
        world.Events.Should().ContainSingle().Which
            .Should().Match<GrantEvent>(n => n.Warning && n.Reason == "GrantDenied" && n.Text.StartsWith("alice was denied access: spec.duration:"));
    }

    [Fact]
    public void A_denied_grant_stays_denied_when_the_policy_grows()
    {
        var world = new ModelWorld(grant: A.Grant(s => s with { Duration = "2h" })).Run();
        world.EditPolicy(s => s with { Duration = new() { Max = "12h" } });
        world.RunFor(TimeSpan.FromMinutes(1)).Status.Phase.Should().Be(GrantPhase.Denied);
        world.Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void A_grant_revoked_before_it_was_seen_never_gives_access()
    {
        var world = new ModelWorld(grant: A.Grant(s => s with { Revoke = new() { Reason = "mistake", By = A.Caller("alice") } })).Run();
        world.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Revoked && s.EndReason == EndReason.RevokedByUser && s.ActivatedAt == null);
        world.Plans.SelectMany(p => p.Steps).Should().NotContain(s => s is PlanStep.Create);
    }

    [Fact]
    public void A_grant_revoked_while_it_is_opened_is_closed_again()
    {
        foreach (var step in Enumerable.Range(1, 6))
        {
            var world = new ModelWorld();
            var done = 0;
            world.Done = (_, _) =>
            {
                if (++done == step) world.Revoke();
            };
            world.RunFor(TimeSpan.FromSeconds(15));
            world.Status.EndReason.Should().Be(EndReason.RevokedByUser, $"it was revoked after step {step}");
            world.Cluster.Objects.Should().BeEmpty();
        }
    }

    [Fact]
    public void A_grant_deleted_before_it_was_held_leaves_orphans_that_are_removed()
    {
        var world = new ModelWorld();
        world.Done = (_, step) =>
        {
            if (step is PlanStep.Create { Object: V1ServiceAccount }) world.Cluster.Grant = null;
        };
        world.Run();
        world.Cluster.Grant.Should().BeNull();
        world.Cluster.Objects.Should().BeEmpty();
        world.Events.Should().Contain(n => n.Reason == "OrphanRemoved");
    }

    [Fact]
    public void While_the_clocks_differ_nothing_is_opened_and_when_they_agree_it_is()
    {
        var world = new ModelWorld { ClockSkew = TimeSpan.FromSeconds(-31) }.RunFor(TimeSpan.FromMinutes(1));
        world.Status.Phase.Should().Be(GrantPhase.Pending);
        Conditions.Find(world.Status.Conditions, "Authorized")
            .Should().Match<Condition>(c => c.Status == "Unknown" && c.Reason == "ClockSkew" && c.Message.Contains("behind") && c.Message.Contains("NTP"));
        world.Cluster.Objects.Should().BeEmpty();
        world.Plans.SelectMany(p => p.Steps).Should().ContainSingle("it is said once, and looked at every ten seconds").Which
            .Should().BeOfType<PlanStep.WriteStatus>();

        world.ClockSkew = TimeSpan.FromSeconds(30);
        world.RunFor(TimeSpan.FromSeconds(10)).Status.Phase.Should().Be(GrantPhase.Active);
        world.Status.ActivatedAt.Should().BeOnOrAfter(A.Start.AddMinutes(1), "its time starts when access does");
    }

    [Fact]
    public void A_grant_held_for_an_hour_is_denied_rather_than_opened_when_nobody_expects_it()
    {
        var world = new ModelWorld { ClockSkew = TimeSpan.FromMinutes(1) }.RunFor(TimeSpan.FromMinutes(62));
        world.Status.Phase.Should().Be(GrantPhase.Denied);
        Conditions.Find(world.Status.Conditions, "Authorized")!.Reason.Should().Be("TooLate");
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    public void Clocks_that_differ_by_hours_deny_nobody_as_too_late(double hours)
    {
        var world = new ModelWorld { ClockSkew = TimeSpan.FromHours(hours) }.RunFor(TimeSpan.FromMinutes(61));
        world.Status.Phase.Should().Be(GrantPhase.Pending);
        Conditions.Find(world.Status.Conditions, "Authorized")!.Reason.Should().Be("ClockSkew");
    }

    [Fact]
    public void A_clock_skew_does_not_keep_anything_open()
    {
        var world = new ModelWorld().Run();
        world.ClockSkew = TimeSpan.FromHours(1);
        world.RunUntil(A.Start.AddMinutes(30)).Cluster.Objects.Should().BeEmpty();
    }
}
