using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>A deletion that is refused holds up none of the other cuts, and the record says what is, not what should be.</summary>
public sealed class ObstructedRevocationTests
{
    private static readonly DateTimeOffset End = A.Start.AddMinutes(30);

    [Fact]
    public void A_binding_that_cannot_be_deleted_loses_its_subjects_and_the_grant_ends_on_time()
    {
        var world = new ModelWorld { FailsDelete = ModelCluster.IsBinding }.Run();
        world.RunUntil(End).HasAccess().Should().BeFalse();
        world.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Expired && s.EndedAt == End);
        world.Cluster.AccessBindings.Should().BeEmpty();
        world.RunFor(TimeSpan.FromSeconds(20));
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue();
        Conditions.Find(world.Status.Conditions, "Obstructed")!.Message
            .Should().Contain("RoleBinding payments/breakglass-inc-4711-").And.Contain("its subjects were removed");
        world.Events.Should().Contain(n => n.Warning && n.Reason == "RevocationObstructed");
        world.Grant.FinalizersOrEmpty.Should().BeEmpty("nothing that is left gives access");
    }

    [Fact]
    public void The_credential_is_killed_though_a_binding_can_neither_be_deleted_nor_emptied()
    {
        var world = new ModelWorld { FailsDelete = ModelCluster.IsBinding, FailsEmptying = _ => true }.Run();
        world.RunUntil(End).HasAccess().Should().BeFalse("the token died");
        world.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Expired && s.EndedAt == End);
        world.RunFor(TimeSpan.FromSeconds(20));
        Conditions.Find(world.Status.Conditions, "Revoked")
            .Should().Match<Condition>(c => c.Status == "True" && c.Message.Contains("the only identity that it names is gone"));
        world.Grant.FinalizersOrEmpty.Should().NotBeEmpty("somebody could make the ServiceAccount again");

        world.FailsDelete = _ => false;
        world.RunFor(TimeSpan.FromSeconds(40)).Cluster.Objects.Should().BeEmpty();
        Conditions.Find(world.Status.Conditions, "Obstructed").Should().Match<Condition>(c => c.Status == "False" && c.Reason == "Removed");
        world.Grant.FinalizersOrEmpty.Should().BeEmpty();
    }

    /// <summary>The identity that the binding was made for is gone, and somebody else has its access.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_binding_that_somebody_changed_to_give_access_to_others_and_that_cannot_be_removed_is_not_called_revoked(bool keepsIdentity)
    {
        var world = new ModelWorld { FailsDelete = ModelCluster.IsBinding, FailsEmptying = _ => true }.Run();
        world.Meanwhile = () => world.Tamper(
            world.Binding, b => ModelWorld.WithSubjects(b, [.. keepsIdentity ? ModelCluster.SubjectsOf(b) : [], Bound.User("mallory")]));
        world.Revoke();
        world.RunFor(TimeSpan.FromMinutes(1));
        world.Cluster.AccessBindings.Should().ContainSingle();
        world.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Active && s.EndedAt == null);
        Conditions.Find(world.Status.Conditions, "Active")
            .Should().Match<Condition>(c => c.Reason == "RevocationObstructed" && c.Message.Contains("still works"));
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeFalse();

        world.FailsEmptying = _ => false;
        world.RunFor(TimeSpan.FromSeconds(20));
        world.Cluster.AccessBindings.Should().BeEmpty();
        world.Status.Phase.Should().Be(GrantPhase.Revoked);
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue();
    }

    [Fact]
    public void A_requester_whose_binding_cannot_be_removed_at_all_still_has_access_and_the_record_says_so()
    {
        var world = new ModelWorld(
            A.Policy(s => s with { Credential = CredentialKind.BindRequester })) { FailsDelete = ModelCluster.IsBinding, FailsEmptying = _ => true }.Run();
        world.RunUntil(End.AddMinutes(1));
        world.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Active && s.EndedAt == null && s.EndReason == EndReason.Expired);
        Conditions.Find(world.Status.Conditions, "Active")
            .Should().Match<Condition>(c => c.Status == "True" && c.Reason == "RevocationObstructed" && c.Message.Contains("still works"));
        world.Events.Should().ContainSingle(n => n.Reason == "RevocationObstructed", "the same is told once");
        world.Plans.Count(p => p.Steps.Any(s => s is PlanStep.Remove)).Should().BeInRange(58, 64, "it is tried once a second");

        world.FailsEmptying = _ => false;
        world.RunFor(TimeSpan.FromSeconds(1)).HasAccess().Should().BeFalse();
        world.Status.Phase.Should().Be(GrantPhase.Expired);
    }

    [Fact]
    public void What_was_to_end_once_ends_for_good_though_the_lockdown_is_lifted_before_the_cut_works()
    {
        var world = new ModelWorld(
            A.Policy(s => s with { Credential = CredentialKind.BindRequester })) { FailsDelete = ModelCluster.IsBinding, FailsEmptying = _ => true }.Run();
        world.Lock();
        world.Run();
        world.Unlock();
        world.RunFor(TimeSpan.FromMinutes(1));
        world.FailsDelete = _ => false;
        world.RunFor(TimeSpan.FromSeconds(2)).HasAccess().Should().BeFalse();
        world.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Revoked && s.EndReason == EndReason.Lockdown);
    }

    [Fact]
    public void A_ServiceAccount_that_cannot_be_deleted_delays_no_cut_and_the_end_is_proven_by_the_dead_token()
    {
        var world = new ModelWorld { FailsDelete = o => o is V1ServiceAccount }.Run();
        world.RunUntil(End).HasAccess().Should().BeFalse();
        world.Status.Phase.Should().Be(GrantPhase.Expired);
        world.RunFor(TimeSpan.FromSeconds(20));
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeTrue();
        world.Grant.FinalizersOrEmpty.Should().NotBeEmpty();
    }

    [Fact]
    public void A_token_that_is_still_accepted_is_not_called_dead_though_its_bindings_are_gone()
    {
        var world = new ModelWorld { FailsDelete = o => o is V1ServiceAccount or SecretMetadata }.Run();
        world.Revoke();
        world.Run().HasAccess().Should().BeFalse("the bindings are gone");
        world.Status.Phase.Should().Be(GrantPhase.Revoked);
        world.Crash();
        world.RunFor(TimeSpan.FromMinutes(2));
        Conditions.IsTrue(world.Status.Conditions, "Revoked").Should().BeFalse();
        Conditions.Find(world.Status.Conditions, "Revoked")!.Message.Should().Contain("see the condition Obstructed");
    }

    [Fact]
    public void What_gives_no_access_any_more_is_tried_again_at_a_pace_that_slows_down()
    {
        var world = new ModelWorld { FailsDelete = ModelCluster.IsBinding }.Run();
        world.RunUntil(End.AddMinutes(10));
        var before = world.Plans.Count(p => p.Steps.Any(s => s is PlanStep.Remove));
        world.RunFor(TimeSpan.FromMinutes(10));
        (world.Plans.Count(p => p.Steps.Any(s => s is PlanStep.Remove)) - before).Should().BeInRange(20, 32, "every 20 to 30 s");
    }

    [Fact]
    public void The_condition_says_how_many_API_servers_answered()
    {
        var proof = new Proof(AccessGone: true, TokenDead: true, Elsewhere: []) { Answered = 2, Servers = 3 };
        GrantStatuses.Proven(A.Grant(), proof, A.Start).Conditions.Single().Message.Should().EndWith("2 of 3 API servers answered.");
    }

    [Theory]
    [InlineData(500, """Internal error occurred: failed calling webhook "deny.example.com": Post "https://127.0.0.1:4711/": dial tcp: connect: """
        + """connection refused""", "admission webhook 'deny.example.com' does not answer")]
    [InlineData(403, """admission webhook "deny.example.com" denied the request: not on a Friday""", "admission webhook 'deny.example.com' refuses it")]
    [InlineData(422, "ValidatingAdmissionPolicy 'keep-bindings' with binding 'all' denied request: no",
        "ValidatingAdmissionPolicy 'keep-bindings' refuses it")]
    [InlineData(403, "rolebindings is forbidden.", "the API server answers 403: rolebindings is forbidden")]
    [InlineData(null, null, "the API server does not answer in time; an admission webhook that hangs can be the cause")]
    public void It_is_named_who_refuses_in_words_that_stay_the_same(int? code, string? message, string who) =>
        Obstruction.Of(new V1RoleBinding { Metadata = new() { Name = "b", NamespaceProperty = "payments" }, Subjects = [Bound.User("alice")] }, code,
            message).Who.Should().Be(who);
}
