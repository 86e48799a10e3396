using BreakGlass.Core.Api;
using BreakGlass.Core.Sealing;
using FluentAssertions;
using k8s;
using k8s.Models;
using Simulation;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Guard;

/// <summary>The guard of an operator that asks for seals.</summary>
public sealed class GuardSealTests
{
    /// <summary>Whoever takes the webhooks away and writes allowPersistence into a policy must not let an active grant stay by that.</summary>
    [Fact]
    public Task What_was_written_into_a_policy_past_the_webhooks_is_not_allowed_by_it() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        var replica = world.Start(World.Options with { TrustRequester = false });
        Put(world, Sample.Policy(p => p with { AllowPersistence = ["rbac"] }));
        world.Advance(TimeSpan.FromSeconds(2));
        Put(world, Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(2));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        var guard = new GuardHarness(world, replica);
        var token = GuardHarness.Create(guard.Identity, "", "secrets", "payments", "token", """{"type":"kubernetes.io/service-account-token"}""");
        guard.Ask(GuardHarness.CreateRole(guard.Identity)).Allowed.Should().BeTrue();
        guard.Ask(token).Allowed.Should().BeFalse();

        world.Server.Modify<BreakGlassPolicy>("payments-oncall", null, p => p with { Spec = p.Spec with { AllowPersistence = ["rbac", "tokens"] } });
        world.Advance(TimeSpan.FromSeconds(2));
        guard.Ask(token).Allowed.Should().BeFalse();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
    });

    private static void Put<T>(World world, T o)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var key = SealKeys.Read(world.Server.Get<V1Secret>(SealKeys.SecretName, "breakglass-system")!.Data).Current(world.Now)!;
        world.Server.Put(
            o.WithMetadata(o.Metadata with { Annotations = new Dictionary<string, string> { [Seal.Annotation] = Seal.Make(o, key, world.Now).ToString() } }));
    }
}
