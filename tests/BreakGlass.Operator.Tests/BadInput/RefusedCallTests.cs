using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.BadInput;

/// <summary>The server refuses one of our calls (403), as it does where the operator's RBAC is cut down.</summary>
public class RefusedCallTests
{
    /// <summary>Without these no access can be given: the grant fails at once, says so, and leaves nothing.</summary>
    [Theory]
    [InlineData("create", "serviceaccounts")]
    [InlineData("create", "secrets")]
    [InlineData("create", "roles")]
    [InlineData("create", "rolebindings")]
    [InlineData("create", "serviceaccounts/token")]
    [InlineData("update", "secrets")]
    public Task What_access_cannot_be_made_without_fails_the_grant_and_leaves_nothing(string verb, string resource) => With(world =>
    {
        using var fault = world.Server.Faults.Inject(Fault.Forbidden, verb, resource, times: null);
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(30));
        var grant = world.Grant()!;
        grant.Status.Phase.Should().Be(GrantPhase.Failed);
        var active = Conditions.Find(grant.Status.Conditions, "Active")!;
        active.Status.Should().Be("False");
        active.Reason.Should().Be("Forbidden");
        active.Message.Should().Contain("config/rbac").And.Contain("forbidden: injected");
        Conditions.IsTrue(grant.Status.Conditions, "Revoked").Should().BeTrue();
        grant.FinalizersOrEmpty.Should().BeEmpty();
        world.Owned().Should().BeEmpty();
        world.Events().Should().Contain(e => e.Reason == "GrantFailed" && e.Type == "Warning");
    });

    /// <summary>Without these nothing is recorded or held, so nothing is made; the log says why, and it goes on when the right is there.</summary>
    [Theory]
    [InlineData("update", "breakglassgrants/status")]
    [InlineData("patch", "breakglassgrants")]
    public Task What_nothing_may_be_made_without_is_waited_for(string verb, string resource) => With(world =>
    {
        using (world.Server.Faults.Inject(Fault.Forbidden, verb, resource, times: null))
        {
            world.Server.Put(Sample.Grant());
            world.Advance(TimeSpan.FromSeconds(30));
            world.History.Bindings.Should().BeEmpty();
            world.Logs.Lines.Should().Contain(
                l => l.Contains("inc-4711", StringComparison.Ordinal) && l.Contains("forbidden: injected", StringComparison.Ordinal));
        }

        world.Advance(TimeSpan.FromSeconds(15));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
    });

    /// <summary>What only tells or checks keeps nobody from their access, and no access past its time.</summary>
    [Theory]
    [InlineData("create", "subjectaccessreviews")]
    [InlineData("create", "events")]
    [InlineData("patch", "breakglasspolicies")]
    [InlineData("update", "breakglasspolicies/status")]
    [InlineData("create", "selfsubjectaccessreviews")]
    [InlineData("create", "tokenreviews")]
    [InlineData("get", "secrets")]
    public Task What_only_tells_or_checks_holds_nothing_up(string verb, string resource) => With(world =>
    {
        using (world.Server.Faults.Inject(Fault.Forbidden, verb, resource, times: null))
        {
            world.Server.Put(Sample.Grant());
            world.Advance(TimeSpan.FromSeconds(5));
            world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
            world.Advance(Sample.Duration + TimeSpan.FromSeconds(5));
            world.Grant()!.Status.Phase.Should().Be(GrantPhase.Expired);
            world.Owned().Should().BeEmpty();
        }

        SettledAtLast(world);
    });

    /// <summary>What is to be taken away and cannot be is tried for ever, at most seconds apart; what can be goes all the same.</summary>
    [Theory]
    [InlineData("delete", "rolebindings")]
    [InlineData("delete", "secrets")]
    [InlineData("delete", "serviceaccounts")]
    public Task What_must_go_is_tried_until_it_is_gone(string verb, string resource) => With(world =>
    {
        world.Server.Put(Sample.Grant());
        world.Settle();
        using (world.Server.Faults.Inject(Fault.Forbidden, verb, resource, times: null))
        {
            world.Advance(Sample.Duration + TimeSpan.FromMinutes(1));
            Conditions.IsTrue(world.Grant()!.Status.Conditions, "Revoked").Should().BeTrue("the other cuts are enough");
            Conditions.Find(world.Grant()!.Status.Conditions, "Obstructed")!.Message.Should().Contain("the API server answers 403");
            if (resource == "rolebindings") world.Server.List<V1RoleBinding>("payments").Should().AllSatisfy(b => b.SubjectsOrEmpty.Should().BeEmpty());
            else world.Grant()!.FinalizersOrEmpty.Should().NotBeEmpty("what is left could give access again");
            if (resource != "rolebindings") world.History.Late(world.Now).Should().BeEmpty();
        }

        world.Advance(TimeSpan.FromSeconds(3));
        world.History.Bindings.Should().OnlyContain(b => b.To != null);
        SettledAtLast(world);
    });

    /// <summary>What can do no harm any more, as what it lets be read is gone, holds up no proof; the grant stays until it is gone all the same.</summary>
    [Fact]
    public Task What_gives_nothing_any_more_holds_up_no_proof_and_is_tried_until_it_is_gone() => With(world =>
    {
        world.Server.Put(Sample.Grant());
        world.Settle();
        using (world.Server.Faults.Inject(Fault.Forbidden, "delete", "roles", times: null))
        {
            world.Advance(Sample.Duration + TimeSpan.FromMinutes(1));
            Conditions.IsTrue(world.Grant()!.Status.Conditions, "Revoked").Should().BeTrue();
            world.Owned().Should().ContainSingle().Which.Kind.Should().Be("Role");
            world.Grant()!.FinalizersOrEmpty.Should().BeEmpty("the finalizer stays only while something may give access");
        }

        world.Advance(TimeSpan.FromSeconds(3));
        SettledAtLast(world);
    });

    private static void SettledAtLast(World world)
    {
        world.Advance(TimeSpan.FromMinutes(2));
        world.Owned().Should().BeEmpty();
        world.Grant()!.FinalizersOrEmpty.Should().BeEmpty();
        Conditions.IsTrue(world.Grant()!.Status.Conditions, "Revoked").Should().BeTrue();
        world.Policy()!.FinalizersOrEmpty.Should().BeEmpty();
        world.History.Violations.Should().BeEmpty();
    }

    private static Task With(Action<World> test) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start();
        test(world);
    });
}
