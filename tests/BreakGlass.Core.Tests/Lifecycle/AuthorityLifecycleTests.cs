using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

public sealed class AuthorityLifecycleTests
{
    private static readonly OfflineDesk Desk = AVoucher.Desk;

    private static readonly VoucherUse Used = new()
    {
        Id = "v-1", Grant = "inc-4711", GrantUid = "grant-1", Person = "alice", PresentedBy = "courier", Keys = ["first"], At = A.Start,
        ExpiresAt = A.Start.AddDays(30),
    };

    [Fact]
    public void An_authority_that_can_be_used_is_ready_and_says_how_many_keys_count()
    {
        var plan = Decide(Desk.Authority(s => s with { Keys = [.. s.Keys.Take(2), s.Keys[2] with { NotAfter = A.Start.AddHours(1) }] }));
        Ready(plan).Should().Be(("True", "Accepted"));
        plan.Status.Keys.Should().Be(3);
        plan.LookAgainAt.Should().Be(A.Start.AddHours(1), "a key ends then");
        Due(plan).Status.Should().Be("False");
        plan.Events.Should().BeEmpty();
    }

    [Fact]
    public void An_authority_that_cannot_be_used_says_why()
    {
        Ready(Decide(Desk.Authority(s => s with { Suspended = true }))).Should().Be(("False", "Suspended"));
        Ready(Decide(Desk.Authority(s => s with { Required = 9 }))).Should().Be(("False", "InvalidAuthority"));
        Ready(Decide(Desk.Authority(), SealState.Missing)).Should().Be(("False", "AuthorityNotSealed"));
        Ready(Decide(Desk.Authority(s => s with { Keys = [s.Keys[0] with { NotAfter = A.Start }] }))).Should().Be(("False", "KeysExpired"));
    }

    [Fact]
    public void After_a_use_rotation_is_due_until_the_keys_that_signed_are_replaced()
    {
        var plan = Decide(With(Used));
        Due(plan).Should().Be(("True", "VoucherUsed"));
        plan.Events.Should().ContainSingle().Which.Should().Match<GrantEvent>(e => e.Warning && e.Reason == EventReasons.RotationDue);
        Conditions.Find(plan.Status.Conditions, "RotationDue")!.Message.Should().Contain("inc-4711").And.Contain("first");

        var told = With(Used) with { Status = plan.Status };
        Decide(told).Events.Should().BeEmpty("it is reported once");
        Due(Decide(told with { Spec = told.Spec with { Keys = [Desk.Third.PublicKey] } })).Status.Should().Be("False");
    }

    [Fact]
    public void Rotation_is_done_also_when_the_courier_is_replaced_but_not_when_anybody_or_a_group_may_be_one()
    {
        string AfterUseWith(params Subject[] couriers) => Due(Decide(With(Used) with { Spec = Desk.Authority().Spec with { Couriers = couriers } })).Status;
        AfterUseWith(A.User("courier")).Should().Be("True");
        AfterUseWith(A.User("courier-2")).Should().Be("False");
        AfterUseWith().Should().Be("True");
        AfterUseWith(A.User("courier-2"), A.Group("couriers")).Should().Be("True", "the courier may be in the group");
    }

    [Fact]
    public void A_use_is_kept_until_its_voucher_has_expired_for_long_and_the_rotation_is_done()
    {
        var later = Used.ExpiresAt + VoucherUses.KeptAfterExpiry;
        var rotated = With(Used) with { Spec = Desk.Authority().Spec with { Keys = [Desk.Third.PublicKey] } };
        Decide(rotated, now: later.AddSeconds(-1)).Status.Used.Should().ContainSingle();
        Decide(rotated, now: A.Start).LookAgainAt.Should().Be(later);
        Decide(rotated, now: later).Status.Used.Should().BeEmpty();
        Decide(With(Used), now: later.AddDays(300)).Status.Used.Should().ContainSingle("the keys were not replaced");
        AuthorityLifecycle.Decide(new() { Now = later, Authority = rotated, Seal = SealState.Valid, IsTimeCertain = false }).Status.Used
            .Should().ContainSingle("the clock may be wrong");
    }

    private static BreakGlassAuthority With(params VoucherUse[] used) => Desk.Authority() with { Status = new() { Used = used } };

    private static AuthorityPlan Decide(BreakGlassAuthority authority, SealState seal = SealState.Valid, DateTimeOffset? now = null) =>
        AuthorityLifecycle.Decide(new() { Now = now ?? A.Start, Authority = authority, Seal = seal });

    private static (string Status, string Reason) Ready(AuthorityPlan plan) => Of(plan, "Ready");

    private static (string Status, string Reason) Due(AuthorityPlan plan) => Of(plan, "RotationDue");

    private static (string Status, string Reason) Of(AuthorityPlan plan, string type) =>
        Conditions.Find(plan.Status.Conditions, type) is { } c ? (c.Status, c.Reason) : ("", "");
}
