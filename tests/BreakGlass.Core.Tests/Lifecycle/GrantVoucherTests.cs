using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sealing;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>The life of a grant by voucher.</summary>
public sealed class GrantVoucherTests
{
    private static readonly OfflineDesk Desk = AVoucher.Desk;

    public static TheoryData<string> Kills => new(Killing.Keys);

    private static Dictionary<string, Action<ModelWorld>> Killing { get; } = new()
    {
        ["suspended"] = w => w.EditAuthority(s => s with { Suspended = true }),
        ["revoked"] = w => w.EditAuthority(s => s with { Revoked = ["v-1"] }),
        ["key dropped"] = w => w.EditAuthority(s => s with { Keys = [.. s.Keys.Skip(1)] }),
        ["key ended"] = w => w.EditAuthority(s => s with { Keys = [.. s.Keys.Select(k => k with { NotAfter = w.Now })] }),
        ["more signatures required"] = w => w.EditAuthority(s => s with { Required = 2 }),
        ["not valid"] = w => w.EditAuthority(s => s with { Required = 9 }),
        ["deleted"] = w => w.Cluster.Authority = null,
        ["unsealed"] = w => w.AuthoritySeal = SealState.Missing,
        ["changed past the webhooks"] = w => w.AuthoritySeal = SealState.Broken,
    };

    [Fact]
    public void The_use_is_recorded_before_the_grant_and_the_grant_before_its_access()
    {
        var world = World();
        var done = new List<string>();
        world.Done = (_, step) => done.Add(step is PlanStep.WriteStatus { Status.Phase: GrantPhase.Active } ? "Active" : step.GetType().Name);
        world.Run();

        world.Status.Phase.Should().Be(GrantPhase.Active);
        done[..2].Should().Equal("Redeem", "WriteStatus");
        var use = world.Cluster.Authority!.Status.Used.Should().ContainSingle().Subject;
        use.Should().BeEquivalentTo(new VoucherUse
        {
            Id = "v-1", Grant = "inc-4711", GrantUid = "grant-1", Person = "alice", PresentedBy = "courier", Keys = ["first"], At = A.Start,
            ExpiresAt = A.Start.AddDays(89),
        });
        world.Status.ExpiresAt.Should().Be(A.Start.AddMinutes(20));
        Conditions.Find(world.Status.Conditions, "Reviewed").Should().NotBeNull();
        var told = world.Events.Should().ContainSingle(e => e.Reason == EventReasons.VoucherUsed).Subject;
        told.Warning.Should().BeTrue();
        told.Authority!.Metadata.Name.Should().Be(OfflineDesk.Name);
        told.Text.Should().Contain("alice").And.Contain("courier").And.Contain("v-1");
    }

    [Theory]
    [MemberData(nameof(Kills))]
    public void What_takes_the_voucher_away_ends_the_access_at_once(string kill)
    {
        var world = World().Run();
        world.HasAccess().Should().BeTrue();

        Killing[kill](world);
        world.Reconcile();

        world.Cluster.AccessBindings.Should().BeEmpty("the first turn cuts");
        world.Run();
        (world.Status.Phase, world.Status.EndReason).Should().Be((GrantPhase.Revoked, EndReason.VoucherRevoked));
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue();
    }

    [Theory]
    [MemberData(nameof(Kills))]
    public void What_waits_for_an_approver_is_denied_and_never_opens(string kill)
    {
        var world = World(s => s with { Mode = PolicyMode.JustInTime, Approval = new() { Approvers = [A.Group("approvers")] } }).Run();
        world.Status.Phase.Should().Be(GrantPhase.AwaitingApproval);

        Killing[kill](world);
        world.Decide("carol");
        world.Run();

        (world.Status.Phase, world.Status.EndReason).Should().Be((GrantPhase.Denied, EndReason.VoucherRevoked));
        (world.Cluster.Authority?.Status.Used ?? []).Should().BeEmpty("no use was made of it");
    }

    [Fact]
    public void The_approval_of_the_person_who_presented_the_voucher_does_not_count()
    {
        var world = World(s => s with { Mode = PolicyMode.JustInTime, Approval = new() { Approvers = [A.Group("approvers")] } }).Run();

        world.Decide("courier");
        world.Run();
        world.Status.Phase.Should().Be(GrantPhase.AwaitingApproval);

        world.Decide("carol");
        world.Run();
        world.Status.Phase.Should().Be(GrantPhase.Active);
        world.Status.Approvals.Should().ContainSingle().Which.Approver.Should().Be("carol");
    }

    [Fact]
    public void A_key_that_ends_later_ends_the_access_then()
    {
        var world = World();
        world.EditAuthority(s => s with { Keys = [s.Keys[0] with { NotAfter = A.Start.AddMinutes(7) }] });
        world.RunUntil(A.Start.AddMinutes(7).AddMilliseconds(-1));
        world.Status.Phase.Should().Be(GrantPhase.Active);
        world.RunFor(TimeSpan.FromMilliseconds(2));
        world.Status.EndReason.Should().Be(EndReason.VoucherRevoked);
    }

    [Fact]
    public void The_end_of_the_voucher_is_not_the_end_of_the_access()
    {
        var world = World(voucher: AVoucher.Issue(v => v with { Expires = A.Start.AddMinutes(1) }));
        world.RunUntil(A.Start.AddMinutes(19));
        world.Status.Phase.Should().Be(GrantPhase.Active);
        world.RunUntil(A.Start.AddMinutes(21));
        world.Status.EndReason.Should().Be(EndReason.Expired);
    }

    [Fact]
    public void Seals_that_cannot_be_read_end_nothing_and_a_suspended_authority_ends_it_anyway()
    {
        var world = World().Run();
        (world.SealsUnknown, world.AuthoritySeal) = (true, SealState.Broken);
        world.RunFor(TimeSpan.FromMinutes(1));
        world.Status.Phase.Should().Be(GrantPhase.Active);

        world.EditAuthority(s => s with { Suspended = true });
        world.Reconcile();
        world.Cluster.AccessBindings.Should().BeEmpty();
    }

    [Fact]
    public void A_policy_that_no_longer_accepts_vouchers_or_names_the_holder_ends_the_access()
    {
        foreach (var change in (Func<PolicySpec, PolicySpec>[])[
            s => s with { Vouchers = null }, s => s with { Vouchers = AVoucher.Terms with { Holders = [A.User("bob")] } }])
        {
            var world = World().Run();
            world.EditPolicy(change);
            world.Run();
            world.Status.EndReason.Should().Be(EndReason.PolicyNarrowed);
        }
    }

    [Fact]
    public void A_policy_that_accepts_another_authority_with_the_same_keys_ends_the_access()
    {
        var world = World().Run();
        world.Cluster.Authority = Desk.Authority(name: "offline-2027");
        world.EditPolicy(s => s with { Vouchers = AVoucher.Terms with { Authority = "offline-2027" } });
        world.Run();
        world.Status.EndReason.Should().Be(EndReason.VoucherRevoked);
    }

    [Fact]
    public void A_policy_that_accepts_another_authority_denies_what_waits_as_a_voucher_that_is_not_honoured()
    {
        var world = World(s => s with { Mode = PolicyMode.JustInTime, Approval = new() { Approvers = [A.Group("approvers")] } }).Run();
        world.Cluster.Authority = Desk.Authority(name: "offline-2027");
        world.EditPolicy(s => s with { Vouchers = AVoucher.Terms with { Authority = "offline-2027" } });
        world.Run();
        (world.Status.Phase, world.Status.EndReason, world.Status.Transitions[^1].Reason).Should()
            .Be((GrantPhase.Denied, EndReason.VoucherRevoked, "VoucherForAnother"));
    }

    [Fact]
    public void The_use_and_that_rotation_is_due_are_one_write_of_the_authority()
    {
        var world = World();
        PlanStep.Redeem? redeem = null;
        world.Done = (_, step) => redeem ??= step as PlanStep.Redeem;
        world.Run();

        redeem!.Events.Should().ContainSingle(e => e.Reason == EventReasons.RotationDue);
        var authority = world.Cluster.Authority!;
        Conditions.IsTrue(authority.Status.Conditions, "RotationDue").Should().BeTrue();
        var kept = AuthorityLifecycle.Decide(new() { Now = world.Now, Authority = authority, Seal = SealState.Valid });
        kept.Status.Should().BeEquivalentTo(authority.Status, "the reconciler has nothing left to write");
        kept.Events.Should().BeEmpty("the use has announced it");
    }

    [Fact]
    public void A_shorter_time_in_the_policy_shortens_the_access()
    {
        var world = World().Run();
        world.EditPolicy(s => s with { Vouchers = AVoucher.Terms with { MaxDuration = "5m" } });
        world.RunUntil(A.Start.AddMinutes(5).AddSeconds(1));
        world.Status.EndReason.Should().Be(EndReason.PolicyNarrowed);
    }

    [Fact]
    public void A_stale_view_of_the_authority_gives_no_second_use()
    {
        var world = World();
        world.CachesLag = true;
        world.Cluster.WriteAuthorityStatus(world.Cluster.Authority!, new() { Used = [new() { Id = "v-1", Grant = "inc-1", GrantUid = "grant-0" }] });
        world.Run();
        (world.Status.Phase, world.Status.Transitions[^1].Reason).Should().Be((GrantPhase.Denied, "VoucherUsed"));
        world.Cluster.Authority!.Status.Used.Should().ContainSingle().Which.GrantUid.Should().Be("grant-0");
    }

    [Fact]
    public void A_limit_is_kept_before_the_voucher_is_used()
    {
        var world = World(s => s with { Limits = new() { MaxActive = 1 } });
        world.Cluster.Siblings = [GrantLimitTests.Live("s1", "bob")];
        world.Run();
        world.Status.Transitions[^1].Reason.Should().Be("LimitReached");
        world.Cluster.Authority!.Status.Used.Should().BeEmpty("the voucher can be used again");
    }

    private static ModelWorld World(Func<PolicySpec, PolicySpec>? policy = null, string? voucher = null)
    {
        var world = new ModelWorld(AVoucher.Policy(policy), AVoucher.Grant(voucher: voucher));
        world.Cluster.Authority = Desk.Authority();
        world.Crash(); // its caches are listed again
        return world;
    }
}
