using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit;
using Xunit;

namespace Simulation;

public class LeadershipTests
{
    [Fact]
    public Task Only_one_of_two_acts_and_when_it_dies_the_other_ends_what_expired_meanwhile() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        var elected = World.Options with { LeaderElect = true };
        var (first, second) = (world.Start(elected), world.Start(elected));
        world.Advance(TimeSpan.FromSeconds(10));
        world.Server.Put(Sample.Grant());
        world.Advance(Sample.Duration - TimeSpan.FromSeconds(5));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        (first.Handler.Writes > 5).Should().BeTrue();
        second.Handler.Writes.Should().Be(0, "it only waits");

        first.Kill();
        world.Advance(TimeSpan.FromSeconds(5 + 15 + 5));
        world.Server.List<V1RoleBinding>("payments").Should().BeEmpty();
        world.Advance(TimeSpan.FromSeconds(30));
        world.Grant()!.Status.EndReason.Should().Be(EndReason.Expired);
        Conditions.IsTrue(world.Grant()!.Status.Conditions, "Revoked").Should().BeTrue();
        world.Owned().Should().BeEmpty();
        world.History.Violations.Should().BeEmpty();
    });

    [Fact]
    public Task One_that_stops_in_order_hands_over_at_once() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        var elected = World.Options with { LeaderElect = true };
        var (first, _) = (world.Start(elected), world.Start(elected));
        world.Server.Put(Sample.Grant());
        world.Advance(Sample.Duration - TimeSpan.FromSeconds(10));
        first.Stop();
        world.Advance(TimeSpan.FromSeconds(11));
        first.Running.IsCompletedSuccessfully.Should().BeTrue();
        world.Server.List<V1RoleBinding>("payments").Should().BeEmpty();
        world.History.Late(world.Now).Should().BeEmpty();
    });

    [Fact]
    public Task One_that_cannot_renew_stops_leading_and_leads_again_in_the_same_process() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        var replica = world.Start(World.Options with { LeaderElect = true });
        world.Advance(TimeSpan.FromSeconds(10));
        using (world.Server.Faults.Inject(TestKit.Fault.InternalError, "update", "leases", times: null))
        {
            world.Advance(TimeSpan.FromSeconds(15));
            world.Server.Put(Sample.Grant());
            world.Advance(TimeSpan.FromSeconds(25));
            replica.Running.IsCompleted.Should().BeFalse("its webhooks, probes and metrics go on");
            replica.Engine.Health.Ailments().Should().BeEmpty();
            world.Grant()!.Status.Phase.Should().BeNull("it does not lead");
        }

        world.Advance(TimeSpan.FromSeconds(10));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
    });

    [Fact]
    public Task Two_that_lose_and_regain_the_lease_again_and_again_do_everything_once_and_on_time() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        var elected = World.Options with { LeaderElect = true };
        Replica[] replicas = [world.Start(elected), world.Start(elected)];
        world.Advance(TimeSpan.FromSeconds(10));
        for (var round = 0; round < 6; round++)
        {
            var name = $"round-{round}";
            world.Server.Put(Sample.Grant(name: name));
            world.Advance(TimeSpan.FromSeconds(7 + (round * 3)));

            // Somebody writes another's name into the lease, as by a careless kubectl; it lapses, and one of the two takes it again.
            world.Server.Modify<V1Lease>("breakglass-operator", "breakglass-system",
                l => l with { Spec = l.Spec with { HolderIdentity = "nobody", LeaseDurationSeconds = 1 + round } });
            world.Advance(TimeSpan.FromSeconds(20));
            replicas.Should().OnlyContain(r => !r.Running.IsCompleted);
        }

        world.Advance(Sample.Duration + TimeSpan.FromMinutes(1));
        world.Owned().Should().BeEmpty();
        world.History.Violations.Should().BeEmpty();
        world.History.Late(world.Now).Select(l => l.Late).Should().OnlyContain(late => late < TimeSpan.FromSeconds(20), "without a leader nothing ends");
        for (var round = 0; round < 6; round++)
        {
            var grant = world.Grant($"round-{round}")!;
            grant.Status.EndReason.Should().Be(EndReason.Expired);
            grant.Status.Transitions.Select(t => t.To).Should().Equal(GrantPhase.Pending, GrantPhase.Active, GrantPhase.Expired);
            Conditions.IsTrue(grant.Status.Conditions, "Revoked").Should().BeTrue();
        }
    });

    [Fact]
    public Task What_the_API_server_took_just_as_the_lease_was_lost_is_told_though_its_answer_never_came() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start(World.Options with { LeaderElect = true });
        world.Advance(TimeSpan.FromSeconds(10));
        using (world.Server.Faults.Inject(TestKit.Fault.HangAfterWrite, "update", "breakglassgrants/status", times: 1))
        {
            world.Server.Put(Sample.Grant());
            world.Advance(TimeSpan.FromSeconds(1));
            world.Server.Modify<V1Lease>(
                "breakglass-operator", "breakglass-system", l => l with { Spec = l.Spec with { HolderIdentity = "nobody", LeaseDurationSeconds = 1 } });
            world.Advance(TimeSpan.FromSeconds(8));
        }

        world.Advance(TimeSpan.FromSeconds(15));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        string[] told = [.. world.Events().Where(e => e.Regarding!.Kind == nameof(BreakGlassGrant)).Select(e => e.Reason!)];
        told.Should().ContainSingle(reason => reason == "GrantRequested").And.ContainSingle(reason => reason == "GrantActivated");
    });

    [Fact]
    public Task Nothing_of_a_term_is_written_once_its_loss_was_noticed_even_what_was_under_way() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        var replica = world.Start(World.Options with { LeaderElect = true });
        world.Advance(TimeSpan.FromSeconds(10));

        // The grant's first write hangs for as long as the lease is lost, and would go on from there.
        using (world.Server.Faults.Inject(TestKit.Fault.Latency(TimeSpan.FromSeconds(6)), "patch", "breakglassgrants", times: null))
        {
            world.Server.Put(Sample.Grant());
            world.Advance(TimeSpan.FromSeconds(1));
            world.Server.Modify<V1Lease>("breakglass-operator", "breakglass-system",
                l => l with { Spec = l.Spec with { HolderIdentity = "another", LeaseDurationSeconds = 60, RenewTime = world.Now.UtcDateTime } });
            world.Advance(TimeSpan.FromSeconds(3));
            var writes = replica.Handler.Writes;
            world.Advance(TimeSpan.FromSeconds(30));
            (replica.Handler.Writes - writes).Should().BeLessThanOrEqualTo(1, "nothing but events of what was done");
            world.Server.List<V1RoleBinding>("payments").Should().BeEmpty();
        }

        world.Advance(TimeSpan.FromSeconds(60));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active, "it leads again once the other is silent");
    });
}
