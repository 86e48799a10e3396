using BreakGlass.Core.Api;
using BreakGlass.Core.Drills;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;
using BreakGlass.Core.Tests.Lifecycle.Model;
using BreakGlass.Core.Vouchers;
using FluentAssertions;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Drills;

/// <summary>Which voucher a drill takes, and what its use means.</summary>
public sealed class DrillVoucherTests
{
    private const string Drill = "system:serviceaccount:breakglass-system:breakglass-drill";

    private static readonly OfflineDesk Desk = AVoucher.Desk;

    [Fact]
    public void A_run_takes_the_first_voucher_in_the_order_of_names_that_was_not_used_and_says_how_many_are_left()
    {
        var set = Set(("03.voucher", Issue("v-3")), ("01.voucher", Issue("v-1")), ("02.voucher", Issue("v-2") + "\n"), ("holder.key", "secret"));
        var first = DrillVoucher.Choose(set, Policy(), Desk.Authority(), A.Start)!;
        (first.Voucher.Claims.Id, first.Left).Should().Be(("v-1", 2));
        var second = DrillVoucher.Choose(set, Policy(), Used("v-1"), A.Start)!;
        (second.Voucher.Claims.Id, second.Left).Should().Be(("v-2", 1));
        second.Text.Should().NotEndWith("\n");
        DrillVoucher.Choose(set, Policy(), Used("v-1", "v-2"), A.Start)!.Left.Should().Be(0);
        DrillVoucher.Choose(set, Policy(), Used("v-1", "v-2", "v-3"), A.Start).Should().BeNull();
    }

    [Theory]
    [InlineData("expired")]
    [InlineData("not valid yet")]
    [InlineData("older than the policy accepts")]
    [InlineData("for another policy")]
    [InlineData("revoked")]
    [InlineData("the same again")]
    [InlineData("not a voucher")]
    [InlineData("another file")]
    public void A_voucher_that_a_run_cannot_use_does_not_count(string what)
    {
        var other = what switch
        {
            "expired" => Issue("v-0", v => v with { Expires = A.Start }),
            "not valid yet" => Issue("v-0", v => v with { NotBefore = A.Start.AddHours(1) }),
            "older than the policy accepts" => Issue("v-0", v => v with { IssuedAt = A.Start.AddDays(-3), NotBefore = A.Start.AddDays(-3) }),
            "for another policy" => Issue("v-0", v => v with { Policy = "other" }),
            "the same again" => Issue("v-1"),
            "not a voucher" => "x.y.z",
            _ => Issue("v-0"),
        };
        var authority = Desk.Authority(s => what is "revoked" ? s with { Revoked = ["v-0"] } : s);
        var chosen = DrillVoucher.Choose(
            Set((what is "another file" ? "0.txt" : "0.voucher", other), ("1.voucher", Issue("v-1"))), Policy(), authority, A.Start)!;
        (chosen.Voucher.Claims.Id, chosen.Left).Should().Be(("v-1", 0));
    }

    [Fact]
    public void A_voucher_that_another_run_presents_is_left_to_it()
    {
        var set = Set(("0.voucher", Issue("v-0")), ("1.voucher", Issue("v-1")));
        var chosen = DrillVoucher.Choose(set, Policy(), Desk.Authority(), A.Start, ["v-0"])!;
        (chosen.Voucher.Claims.Id, chosen.Left).Should().Be(("v-1", 0));
        DrillVoucher.Choose(set, Policy(), Desk.Authority(), A.Start, ["v-0", "v-1"]).Should().BeNull();
    }

    [Fact]
    public void The_use_is_recorded_as_that_of_a_drill_and_calls_for_no_rotation()
    {
        var world = World(Grant());
        world.Run();
        world.Status.Phase.Should().Be(GrantPhase.Active);
        Conditions.Find(world.Status.Conditions, "Reviewed").Should().BeNull();
        var authority = world.Cluster.Authority!;
        authority.Status.Used.Should().ContainSingle().Which.Should().Match<VoucherUse>(u => u.Drill == "weekly" && u.Person == Drill && u.Id == "v-1");
        var told = world.Events.Should().ContainSingle(e => e.Reason == EventReasons.VoucherUsed).Subject;
        told.Warning.Should().BeFalse();
        told.Text.Should().Contain("v-1").And.NotContain("replace the keys");
        var plan = AuthorityLifecycle.Decide(new() { Now = world.Now, Authority = authority, Seal = SealState.Valid });
        Conditions.Find(plan.Status.Conditions, "RotationDue")!.Status.Should().Be("False");
        plan.Events.Should().BeEmpty();
    }

    [Fact]
    public void The_voucher_of_a_drill_is_verified_like_that_of_a_person()
    {
        using var desk = new OfflineDesk();
        var forged = desk.Issue(v => v with { Person = Drill, Cluster = AVoucher.Cluster });
        Denial(World(Marked(AVoucher.Grant(voucher: forged, proof: desk.Prove(forged, "inc-4711", A.Start)))))
            .Should().Be("VoucherNotSigned");
        Denial(World(Grant(), s => s with { Vouchers = AVoucher.Terms })).Should().Be("HolderNotAllowed");
        Denial(World(Grant(), s => s with { Vouchers = null })).Should().Be("VouchersNotAllowed");
        Denial(World(Grant(), s => s with { Drills = DrillPermission.Forbidden })).Should().Be("DrillsForbidden");
        Denial(World(Marked(AVoucher.Grant()))).Should().Be("NotADrill", "it names a person");
    }

    [Fact]
    public void A_voucher_of_the_drill_identity_that_somebody_else_presents_makes_no_drill()
    {
        var world = World(Marked(AVoucher.Grant(voucher: Issue("v-1")), "courier"));
        Denial(world).Should().Be("NotADrill");
        Conditions.Find(world.Status.Conditions, "Authorized")!.Message.Should().Contain("only that identity can present it");
        world.Cluster.Authority!.Status.Used.Should().BeEmpty();
    }

    [Fact]
    public void A_voucher_of_the_drill_identity_gives_nobody_access_without_the_mark()
    {
        var world = World(Grant() with { Metadata = A.Grant().Metadata });
        Denial(world).Should().Be("NotADrill");
        Conditions.Find(world.Status.Conditions, "Authorized")!.Message.Should().Contain("use a voucher that names a person");
        world.Cluster.Authority!.Status.Used.Should().BeEmpty();
    }

    [Theory]
    [InlineData("suspended", EndReason.VoucherRevoked)]
    [InlineData("no vouchers", EndReason.PolicyNarrowed)]
    [InlineData("not a holder", EndReason.PolicyNarrowed)]
    public void What_ends_the_access_of_a_person_by_voucher_ends_that_of_a_drill(string what, EndReason expected)
    {
        var world = World(Grant());
        world.Run();
        world.HasAccess().Should().BeTrue();
        if (what is "suspended") world.EditAuthority(s => s with { Suspended = true });
        else world.Cluster.Policy = Policy(s => s with { Vouchers = what is "no vouchers" ? null : AVoucher.Terms });
        world.Run();
        world.Status.EndReason.Should().Be(expected);
    }

    [Fact]
    public void A_drill_by_voucher_of_a_policy_without_vouchers_is_not_ready()
    {
        var drill = A.Drill(s => s with { Voucher = new() });
        DrillPlan Plan(BreakGlassPolicy policy) => DrillLifecycle.Decide(new() { Now = A.Start, Settings = A.Settings, Drill = drill, Policy = policy });
        Conditions.Find(Plan(A.Policy(s => s with { Drills = DrillPermission.Allowed })).Status.Conditions, "Ready").Should()
            .Match<Condition>(c => c.Status == "False" && c.Reason == "VouchersNotAllowed" && c.Message.Contains("Set spec.vouchers"));
        Conditions.IsTrue(Plan(Policy()).Status.Conditions, "Ready").Should().BeTrue();
    }

    [Fact]
    public void The_run_says_which_voucher_it_presented_and_how_many_are_left()
    {
        var progress = new DrillProgress(new() { Id = "20261122-010203", StartedAt = A.Start, Grant = "drill-weekly-20261122-010203" }, null)
            .Begin(DrillStep.Request, A.Start);
        var run = progress.After(DrillStep.Request, DrillAnswer.Passed() with { Voucher = "v-1", VouchersLeft = 2 }, A.Start)
            .After(DrillStep.Approval, DrillAnswer.Passed(), A.Start).Finish(A.Start);
        (run.Voucher, run.VouchersLeft).Should().Be(("v-1", 2));
        run.Phases.Select(p => p.Name).Should().Equal("Request", "Approval");
    }

    private static string Denial(ModelWorld world)
    {
        world.Run().Status.Phase.Should().Be(GrantPhase.Denied);
        return world.Status.Transitions[^1].Reason;
    }

    private static ModelWorld World(BreakGlassGrant grant, Func<PolicySpec, PolicySpec>? policy = null)
    {
        var world = new ModelWorld(Policy(policy), grant);
        world.Cluster.Authority = Desk.Authority();
        world.Crash(); // its caches are listed again
        return world;
    }

    private static BreakGlassPolicy Policy(Func<PolicySpec, PolicySpec>? spec = null) => A.Policy(s => (spec ?? (x => x))(
        s with { Drills = DrillPermission.Allowed, Vouchers = AVoucher.Terms with { Holders = [A.User(Drill)], MaxAge = "48h" } }));

    private static BreakGlassGrant Grant() => Marked(AVoucher.Grant(voucher: Issue("v-1")));

    private static BreakGlassGrant Marked(BreakGlassGrant grant, string presenter = Drill) => grant with
    {
        Metadata = grant.Metadata with { Labels = A.Labels((BreakGlassApi.DrillLabel, "weekly")) },
        Spec = grant.Spec with { Requester = grant.Spec.Requester! with { PresentedBy = presenter } },
    };

    private static string Issue(string id, Func<Voucher, Voucher>? change = null) =>
        AVoucher.Issue(v => (change ?? (x => x))(v with { Id = id, Person = Drill }));

    private static BreakGlassAuthority Used(params string[] ids) =>
        Desk.Authority() with { Status = new() { Used = [.. ids.Select(id => new VoucherUse { Id = id, GrantUid = id })] } };

    private static Dictionary<string, string> Set(params (string Name, string Text)[] files) => files.ToDictionary(f => f.Name, f => f.Text);
}
