using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sealing;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using k8s.Models;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>
/// The keys that seals are judged by cannot be read for a while: nothing opens, nothing ends for want of a seal, and all that has to end does.
/// </summary>
public sealed class GrantSealTests
{
    [Fact]
    public void An_active_grant_is_not_called_forged_because_the_keys_cannot_be_read()
    {
        var world = Blind(Active());
        world.RunFor(TimeSpan.FromMinutes(5)).HasAccess().Should().BeTrue();
        world.Status.Phase.Should().Be(GrantPhase.Active);

        world.SealsUnknown = false;
        world.RunFor(TimeSpan.FromSeconds(5)).Status.Phase.Should().Be(GrantPhase.Failed, "now it is known, and the record is not the operator's");
        world.Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void Nothing_opens_before_its_seal_is_known_and_then_it_does()
    {
        var world = new ModelWorld { SealsUnknown = true };
        world.RunFor(TimeSpan.FromMinutes(1)).Cluster.Objects.Should().BeEmpty();
        world.Status.Phase.Should().BeNull();

        world.SealsUnknown = false;
        world.RunFor(TimeSpan.FromSeconds(5)).HasAccess().Should().BeTrue();
    }

    [Fact]
    public void A_record_that_may_be_forged_is_not_made_true()
    {
        var world = Blind(Active());
        var binding = world.Cluster.Objects.Values.OfType<V1RoleBinding>().First(b => GrantLifecycle.GivesAccess(world.Grant, b));
        world.Delete(binding);
        world.RunFor(TimeSpan.FromMinutes(1)).HasAccess().Should().BeFalse("nobody knows whether it was ever given");
    }

    public static TheoryData<string> Ends => ["its time", "revoked", "deleted", "lockdown", "suspended"];

    [Theory]
    [MemberData(nameof(Ends))]
    public void Whatever_ends_access_ends_it_all_the_same(string how)
    {
        var world = Blind(Active());
        switch (how)
        {
            case "its time": world.RunFor(TimeSpan.FromMinutes(31)); break;
            case "revoked": world.Revoke(); break;
            case "deleted": world.DeleteGrant(); break;
            case "lockdown": world.Lock(); break;
            default: world.EditPolicy(s => s with { Suspended = true }); break;
        }

        world.RunFor(TimeSpan.FromSeconds(20)).Cluster.Objects.Should().BeEmpty();
    }

    [Theory]
    [InlineData("active", false)]
    [InlineData("waits", false)]
    [InlineData("its time", true)]
    [InlineData("revoked", true)]
    [InlineData("lockdown", true)]
    [InlineData("over, and not cut yet", true)]
    [InlineData("over", false)]
    public void What_has_to_end_is_known_without_any_seal(string how, bool ends)
    {
        var world = how == "waits" ? new ModelWorld() : Active();
        switch (how)
        {
            case "its time": world.Now = A.Start.AddMinutes(31); break;
            case "revoked": world.Revoke(); break;
            case "lockdown": world.Lock(); break;
            case "over, and not cut yet": world.ForgeStatus(s => s with { Phase = GrantPhase.Expired, EndedAt = A.Start }); break;
            case "over":
                world.Revoke();
                world.Run();
                break;
        }

        GrantLifecycle.EndsWhateverSealsSay(world.Gather(new())).Should().Be(ends);
    }

    [Fact]
    public void A_review_is_taken_once_its_seal_is_known()
    {
        var world = Active();
        world.Revoke();
        world.Run();
        world.Cluster.Reviews = [A.Review(world.Grant, A.Caller("rita"))];
        Blind(world).RunFor(TimeSpan.FromMinutes(1));
        Conditions.IsTrue(world.Status.Conditions, GrantConditions.Reviewed).Should().BeFalse();
        world.SealsUnknown = false;
        world.RunFor(TimeSpan.FromSeconds(15));
        Conditions.IsTrue(world.Status.Conditions, GrantConditions.Reviewed).Should().BeTrue();
    }

    private static ModelWorld Active() => new ModelWorld().Run();

    private static ModelWorld Blind(ModelWorld world)
    {
        (world.SealsUnknown, world.Seal, world.PolicySeal, world.RecordSeal) = (true, SealState.Broken, SealState.Broken, SealState.Broken);
        return world;
    }
}
