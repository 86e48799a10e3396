using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sealing;
using BreakGlass.Operator.Sealing;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;
using Simulation;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Sealing;

/// <summary>An operator that asks for seals, and for a while cannot read the keys to judge them by.</summary>
public sealed class SealsUnreadTests
{
    private const string Ns = "breakglass-system";

    [Fact]
    public Task A_new_leader_that_cannot_read_the_keys_ends_nothing_for_that_and_nothing_opens() => With((world, replica) =>
    {
        Put(world, Sample.Grant(g => g with { Duration = "10m" }));
        world.Advance(TimeSpan.FromSeconds(2));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        replica.Stop();
        world.Advance(TimeSpan.FromSeconds(5));
        using (world.Server.Faults.Inject(Fault.InternalError, "get", "secrets", times: null))
        {
            Start(world);
            Put(world, Sample.Grant(name: "inc-2"));
            world.Advance(TimeSpan.FromMinutes(1));
            world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
            world.Grant("inc-2")!.Status.Phase.Should().BeNull();
            Conditions.IsTrue(world.Policy()!.Status.Conditions, "Ready").Should().BeTrue("it was sealed all right before");
        }

        world.Advance(TimeSpan.FromSeconds(15));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        world.Grant("inc-2")!.Status.Phase.Should().Be(GrantPhase.Active);
    });

    [Theory]
    [InlineData("its time")]
    [InlineData("revoked")]
    [InlineData("lockdown")]
    [InlineData("suspended")]
    public Task What_has_to_end_ends_though_the_keys_cannot_be_read(string how) => With((world, replica) =>
    {
        Put(world, Sample.Grant(g => g with { Duration = "3m" }));
        world.Advance(TimeSpan.FromSeconds(2));
        replica.Stop();
        world.Advance(TimeSpan.FromSeconds(5));
        using var fault = world.Server.Faults.Inject(Fault.InternalError, "get", "secrets", times: null);
        Start(world);
        world.Advance(TimeSpan.FromSeconds(1));
        switch (how)
        {
            case "its time": world.AdvanceTo(world.Grant()!.Status.ExpiresAt!.Value); break;
            case "revoked":
                world.Server.Modify<BreakGlassGrant>("inc-4711", null, g => g with { Spec = g.Spec with { Revoke = new() { Reason = "done" } } }); break;
            case "lockdown": world.Server.Put(new BreakGlassLockdown { Metadata = new() { Name = "stop" }, Spec = new() { Reason = "stop" } }); break;
            default: world.Server.Modify<BreakGlassPolicy>("payments-oncall", null, p => p with { Spec = p.Spec with { Suspended = true } }); break;
        }

        world.Advance(how == "suspended" ? TimeSpan.FromSeconds(2) : TimeSpan.FromMilliseconds(10));
        world.Server.List<V1RoleBinding>("payments").Should().BeEmpty();
        world.Grant()!.Status.IsTerminal.Should().BeTrue();
    });

    [Fact]
    public Task A_seal_by_a_key_that_is_not_known_though_they_were_read_is_a_bad_one() => With((world, _) =>
    {
        var stranger = new SealKey("stranger", world.Now, new byte[SealKey.SecretBytes]);
        world.Server.Put(Sealed(Sample.Grant() with { Metadata = new() { Name = "inc-4711", CreatedAt = world.Now } }, stranger, world.Now));
        world.Advance(TimeSpan.FromSeconds(3));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Denied);
        Conditions.Find(world.Grant()!.Status.Conditions, GrantConditions.Authorized)!.Reason.Should().Be("SealBroken");
    });

    private static Task With(Action<World, Replica> test) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        var replica = Start(world);
        Put(world, Sample.Policy());
        world.Advance(TimeSpan.FromSeconds(2));
        test(world, replica);
    });

    private static Replica Start(World world) => world.Start(World.Options with { TrustRequester = false });

    private static void Put<T>(World world, T o)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var key = SealKeys.Read(world.Server.Get<V1Secret>(SealKeyring.SecretName, Ns)!.Data).Current(world.Now)!;
        world.Server.Put(Sealed(o, key, world.Now));
    }

    private static T Sealed<T>(T o, SealKey key, DateTimeOffset at)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        o.WithMetadata(o.Metadata with { Annotations = new Dictionary<string, string> { [Seal.Annotation] = Seal.Make(o, key, at).ToString() } });
}
