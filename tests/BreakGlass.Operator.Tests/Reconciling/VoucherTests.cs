using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using BreakGlass.Operator.Tests.Metrics;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Simulation;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Reconciling;

/// <summary>What operators make of grants by voucher, on a server in memory.</summary>
public sealed class VoucherTests
{
    private const int Grants = 50;

    [Fact]
    public Task Of_fifty_grants_by_one_voucher_two_operators_open_one() => Stillness.Run(stillness =>
    {
        using var world = Prepare(stillness);
        world.Start();
        world.Start();
        for (var i = 0; i < Grants; i++) Present(world, $"inc-{i}", "v-1");
        world.Advance(TimeSpan.FromSeconds(30));

        var grants = Enumerable.Range(0, Grants).Select(i => world.Grant($"inc-{i}")!).ToList();
        var opened = grants.Should().ContainSingle(g => g.Status.Phase == GrantPhase.Active).Subject;
        grants.Where(g => g != opened).Select(g => g.Status.Transitions[^1].Reason).Should().OnlyContain(reason => reason == DenialReasons.VoucherUsed);
        Authority(world).Status.Used.Should().ContainSingle().Which.GrantUid.Should().Be(opened.Metadata.Uid);
        world.Server.List<V1RoleBinding>("payments").Should().ContainSingle();
    });

    [Fact]
    public Task A_suspended_authority_ends_all_that_rests_on_it_and_the_use_is_reported() => Stillness.Run(stillness =>
    {
        using var world = Prepare(stillness);
        using var counted = new Counted(world.Start().Engine.Metrics);
        counted.Sum("rotation_due", "authority", OfflineDesk.Name).Should().Be(0);
        for (var i = 0; i < Grants; i++) Present(world, $"inc-{i}", $"v-{i}");
        world.Advance(TimeSpan.FromSeconds(30));
        world.Server.List<V1RoleBinding>("payments").Should().HaveCount(Grants);
        Authority(world).Status.Used.Should().HaveCount(Grants);
        Conditions.IsTrue(Authority(world).Status.Conditions, AuthorityConditions.RotationDue).Should().BeTrue();
        counted.Sum("rotation_due", "authority", OfflineDesk.Name).Should().Be(1);
        counted.Sum("last_voucher_use_timestamp_seconds", "authority", OfflineDesk.Name)
            .Should().Be(Authority(world).Status.Used.Max(u => u.At).ToUnixTimeMilliseconds() / 1000.0);
        world.Events().Where(e => e.Regarding?.Kind == nameof(BreakGlassAuthority)).Select(e => e.Reason).Distinct()
            .Should().BeEquivalentTo([EventReasons.VoucherUsed, EventReasons.RotationDue]);

        world.Server.Modify<BreakGlassAuthority>(OfflineDesk.Name, null, a => a with { Spec = a.Spec with { Suspended = true } });
        world.Settle();
        world.Server.List<V1RoleBinding>("payments").Should().BeEmpty("nothing waits");
        world.Advance(TimeSpan.FromSeconds(30));
        Enumerable.Range(0, Grants).Select(i => world.Grant($"inc-{i}")!).Should().OnlyContain(
            g => g.Status.EndReason == EndReason.VoucherRevoked && Conditions.IsTrue(g.Status.Conditions, GrantConditions.Revoked));
        world.Owned().Should().BeEmpty();
    });

    [Fact]
    public Task Metrics_say_when_a_voucher_was_used_and_that_rotation_is_due_until_the_keys_are_replaced() => Stillness.Run(stillness =>
    {
        using var world = Prepare(stillness);
        using var counted = new Counted(world.Start().Engine.Metrics);
        (double RotationDue, double LastUse) Gauges() => (Gauge("rotation_due"), Gauge("last_voucher_use_timestamp_seconds"));
        double Gauge(string name) => counted.Sum(name, "authority", OfflineDesk.Name);
        Gauges().Should().Be((0, 0));

        Present(world, "inc-1", "v-1");
        world.Advance(TimeSpan.FromSeconds(5));
        var usedAt = Authority(world).Status.Used.Should().ContainSingle().Subject.At.ToUnixTimeMilliseconds() / 1000.0;
        Gauges().Should().Be((1, usedAt));
        counted.Sum("vouchers_used_total", "authority", OfflineDesk.Name).Should().Be(1);

        world.Server.Modify<BreakGlassAuthority>(OfflineDesk.Name, null, a => a with { Spec = a.Spec with { Keys = [.. a.Spec.Keys.Skip(1)] } });
        world.Advance(TimeSpan.FromSeconds(5));
        Gauges().Should().Be((0, usedAt), "the use stays recorded");
    });

    [Fact]
    public Task Through_the_gateway_the_certificate_is_for_the_holders_key() => Stillness.Run(stillness =>
    {
        using var world = Prepare(stillness, s => s with { Session = new() { Path = SessionPath.Gateway } });
        world.Start(World.Options with { GatewayUrl = new("https://gateway.example.test:8443") });
        world.Advance(TimeSpan.FromSeconds(15));
        Present(world, "inc-1", "v-1");
        world.Advance(TimeSpan.FromSeconds(5));

        world.Grant("inc-1")!.Status.Phase.Should().Be(GrantPhase.Active);
        using var certificate = X509Certificate2.CreateFromPem(world.Grant("inc-1")!.Status.Gateway!.Certificate!);
        using var key = certificate.GetECDsaPublicKey()!;
        key.ExportSubjectPublicKeyInfo().Should().Equal(AVoucher.Desk.Holder.ExportSubjectPublicKeyInfo());
        Authority(world).Status.Used.Should().ContainSingle();
    });

    [Fact]
    public Task A_use_whose_answer_was_lost_is_announced_and_opens_once() => Stillness.Run(stillness =>
    {
        using var world = Prepare(stillness);
        world.Start();
        world.Settle();
        using var fault = world.Server.Faults.Inject(Fault.LostAnswer, "update", "breakglassauthorities/status");
        Present(world, "inc-1", "v-1");
        world.Advance(TimeSpan.FromSeconds(30));

        world.Grant("inc-1")!.Status.Phase.Should().Be(GrantPhase.Active);
        Authority(world).Status.Used.Should().ContainSingle();
        world.Events().Where(e => e.Regarding?.Kind == nameof(BreakGlassAuthority)).Select(e => e.Reason).Distinct()
            .Should().BeEquivalentTo([EventReasons.VoucherUsed, EventReasons.RotationDue]);
    });

    [Fact]
    public Task An_authority_that_is_created_again_does_not_bring_a_used_voucher_back() => Stillness.Run(stillness =>
    {
        using var world = Prepare(stillness);
        world.Start();
        Present(world, "inc-1", "v-1");
        world.Advance(TimeSpan.FromSeconds(5));
        world.Server.Delete<BreakGlassAuthority>(OfflineDesk.Name);
        world.Advance(TimeSpan.FromSeconds(30));
        world.Grant("inc-1")!.Status.EndReason.Should().Be(EndReason.VoucherRevoked);

        PutAuthority(world);
        Present(world, "inc-2", "v-1");
        Present(world, "inc-3", "v-2");
        world.Advance(TimeSpan.FromSeconds(5));

        world.Grant("inc-2")!.Status.Transitions[^1].Reason.Should().Be(DenialReasons.VoucherUsed);
        world.Grant("inc-3")!.Status.Phase.Should().Be(GrantPhase.Active);
    });

    [Fact]
    public Task A_policy_says_whether_its_authority_works_and_follows_its_changes() => Stillness.Run(stillness =>
    {
        using var world = Prepare(stillness);
        world.Start();
        void Says(string status, string reason)
        {
            world.Advance(TimeSpan.FromSeconds(5));
            Conditions.Find(world.Policy()!.Status.Conditions, PolicyConditions.VouchersReady)
                .Should().Match<Condition>(c => c.Status == status && c.Reason == reason);
        }

        Says("True", PolicyConditions.AuthorityReady);
        world.Server.Modify<BreakGlassAuthority>(OfflineDesk.Name, null, a => a with { Spec = a.Spec with { Suspended = true } });
        Says("False", PolicyConditions.AuthorityNotReady);
        world.Server.Delete<BreakGlassAuthority>(OfflineDesk.Name);
        Says("False", PolicyConditions.AuthorityNotFound);
        PutAuthority(world);
        Says("True", PolicyConditions.AuthorityReady);
    });

    private static World Prepare(Stillness stillness, Func<PolicySpec, PolicySpec>? policy = null)
    {
        var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy(s => (policy ?? (x => x))(AVoucher.Accepted(s))));
        PutAuthority(world);
        return world;
    }

    private static void PutAuthority(World world) => world.Server.Put(new BreakGlassAuthority
    {
        Metadata = new() { Name = OfflineDesk.Name }, Spec = AVoucher.Desk.Authority().Spec,
    });

    private static void Present(World world, string grant, string voucher) => world.Server.Put(Sample.Grant(
        s => AVoucher.Spec(s, grant, world.Server.Get<V1Namespace>("kube-system")!.Metadata.Uid!, world.Now, voucher), grant));

    private static BreakGlassAuthority Authority(World world) => world.Server.Get<BreakGlassAuthority>(OfflineDesk.Name)!;
}
