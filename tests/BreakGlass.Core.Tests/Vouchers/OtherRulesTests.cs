using BreakGlass.Core.Api;
using BreakGlass.Core.Tests.Lifecycle;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Vouchers;

/// <summary>A voucher takes the place of a login, and of nothing else: all other rules of its policy hold.</summary>
public sealed class OtherRulesTests
{
    public static TheoryData<string> Names => new(Rules.Keys);

    /// <summary>By name: a world in which something else speaks against a grant by a good voucher, and the reason of the denial.</summary>
    private static Dictionary<string, (Func<ModelWorld> World, string Reason)> Rules { get; } = new()
    {
        ["an empty justification"] = (() => World(grant: s => s with { Justification = "" }), "JustificationTooShort"),
        ["a justification shorter than the policy requires"] =
            (() => World(s => s with { Justification = new() { MinLength = 200 } }), "JustificationTooShort"),
        ["no ticket"] = (() => World(s => s with { Justification = new() { TicketPattern = "^INC-" } }, s => s with { Ticket = null }), "TicketMissing"),
        ["a ticket of another kind"] = (() => World(s => s with { Justification = new() { TicketPattern = "^CHG-" } }), "TicketMismatch"),
        ["a longer time than the policy gives"] =
            (() => World(s => s with { Duration = new() { Default = "5m", Max = "10m" } }, s => s with { Duration = "11m" }), "DurationTooLong"),
        ["a start outside of the policy's windows"] = (() => World(
            s => s with { Mode = PolicyMode.TimeBoxed, Schedule = GrantScheduleTests.Nightly.Spec.Schedule },
            s => s with { StartTime = A.Start.AddHours(5) }), "OutsideWindow"),
        ["a lockdown"] = (() => World(also: w => w.Lock()), "Lockdown"),
        ["a suspended policy"] = (() => World(s => s with { Suspended = true }), "PolicySuspended"),
        ["a gateway that the operator does not have"] = (() => World(ThroughTheGateway), "NoGateway"),
        ["as many grants as the policy gives"] = (() => World(
            s => s with { Limits = new() { MaxActive = 1 } }, also: w => w.Cluster.Siblings = [GrantLimitTests.Live("a", "bob")]), "LimitReached"),
        ["as many grants as the policy gives the person"] = (() => World(
            s => s with { Limits = new() { MaxActivePerRequester = 1 } }, also: w => w.Cluster.Siblings = [GrantLimitTests.Live("a", "alice")]),
            "LimitReached"),
        ["the cooldown after the person's last grant"] = (() => World(
            s => s with { Limits = new() { Cooldown = "10m" } }, also: w => w.Cluster.Siblings = [GrantLimitTests.Over("a", "alice", 9)]), "CoolingDown"),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void A_good_voucher_does_not_help_against_another_rule_and_is_not_used_up_by_it(string name)
    {
        var (open, reason) = Rules[name];

        var world = open().Run();

        (world.Status.Phase, world.Status.Transitions[^1].Reason).Should().Be((GrantPhase.Denied, reason));
        world.Cluster.Objects.Should().BeEmpty();
        world.Cluster.Authority!.Status.Used.Should().BeEmpty("the voucher can be used later");
    }

    [Fact]
    public void A_lockdown_cuts_what_a_voucher_opened_and_the_voucher_stays_used()
    {
        var world = World().Run();
        world.HasAccess().Should().BeTrue();

        world.Lock();
        world.Reconcile();

        world.Cluster.AccessBindings.Should().BeEmpty("the first turn cuts");
        world.RunFor(TimeSpan.FromSeconds(15));
        (world.Status.Phase, world.Status.EndReason).Should().Be((GrantPhase.Revoked, EndReason.Lockdown));
        world.Cluster.Authority!.Status.Used.Should().ContainSingle().Which.GrantUid.Should().Be("grant-1");
    }

    [Fact]
    public void Through_the_gateway_a_voucher_gives_a_certificate_and_no_token_until_the_authority_is_suspended()
    {
        var world = World(ThroughTheGateway);
        world.Settings = A.Settings with { HasGateway = true };
        world.Run();

        (world.Status.Phase, world.Status.Path, world.Status.CredentialJwe).Should().Be((GrantPhase.Active, SessionPath.Gateway, null));
        world.Certificates.Should().Equal([world.Status.ExpiresAt!.Value], "one is issued, which ends with the grant");
        world.Status.ExpiresAt.Should().Be(A.Start.AddMinutes(20), "the voucher's terms hold");
        world.Cluster.Tokens.Should().BeEmpty();
        world.HasAccess().Should().BeTrue();
        world.Cluster.Authority!.Status.Used.Should().ContainSingle().Which.Person.Should().Be("alice");

        world.EditAuthority(s => s with { Suspended = true });
        world.Reconcile();
        world.HasAccess().Should().BeFalse("the first turn cuts");
        world.RunFor(TimeSpan.FromSeconds(15));
        (world.Status.Phase, world.Status.EndReason).Should().Be((GrantPhase.Revoked, EndReason.VoucherRevoked));
        world.Cluster.Objects.Should().BeEmpty();
    }

    private static PolicySpec ThroughTheGateway(PolicySpec policy) => policy with { Session = new() { Path = SessionPath.Gateway } };

    private static ModelWorld World(
        Func<PolicySpec, PolicySpec>? policy = null, Func<GrantSpec, GrantSpec>? grant = null, Action<ModelWorld>? also = null)
    {
        var world = new ModelWorld(AVoucher.Policy(policy), AVoucher.Grant(grant));
        world.Cluster.Authority = AVoucher.Desk.Authority();
        also?.Invoke(world);
        world.Crash(); // its caches are listed again
        return world;
    }
}
