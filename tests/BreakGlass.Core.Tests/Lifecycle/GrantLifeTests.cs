using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sealing;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>The undisturbed life of a grant, for both credentials, to the end of its record.</summary>
public sealed class GrantLifeTests
{
    private static readonly JsonWebKey Key =
        new() { Kty = "EC", Crv = "P-256", X = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", Y = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM" };

    private static BreakGlassPolicy BindRequester => A.Policy(s => s with { Credential = CredentialKind.BindRequester });

    [Fact]
    public void A_grant_with_a_token_works_from_the_moment_it_is_Active()
    {
        var world = new ModelWorld();
        world.Done = (_, _) =>
        {
            if (world.Status.Phase is GrantPhase.Active) world.HasAccess().Should().BeTrue();
        };
        world.Run();

        world.Status.Should().Match<GrantStatus>(
            s => s.Phase == GrantPhase.Active && s.ActivatedAt == A.Start && s.ExpiresAt == A.Start.AddMinutes(30) && s.PolicyUid == "policy-1");
        world.Status.ServiceAccount.Should().Be($"breakglass-grants/{GrantNames.Identity(world.Grant)}").And.Be(world.Status.CredentialSecret);
        world.Status.CredentialExpiresAt.Should().Be(A.Start.AddMinutes(30), "the token ends with the grant");
        world.Status.Bindings.Should().ContainSingle().Which.Should().Match<BindingRecord>(
            b => b.Kind == "RoleBinding" && b.Namespace == "payments" && b.Role == "ClusterRole/edit" && b.Uid == world.Binding.Metadata.Uid);
        Of(world, "Authorized").Should().Be(("True", "PolicyAllows"));
        Of(world, "Approved").Should().Be(("True", "NotRequired"));
        Of(world, "Active").Should().Be(("True", "AccessGiven"));
        Of(world, "Revoked").Should().Be(("False", "NotEnded"));
        Conditions.Find(world.Status.Conditions, "Active")!.Message
            .Should().Contain($"kubectl get secret -n breakglass-grants {GrantNames.Identity(world.Grant)}");
        world.Grant.FinalizersOrEmpty.Should().Equal("breakglass.dev/revoke");
        world.Status.Transitions.Select(t => (t.From, t.To, t.Actor, t.Reason))
            .Should().Equal((null, GrantPhase.Pending, "alice", "Requested"), (GrantPhase.Pending, GrantPhase.Active, "alice", "PolicyAllows"));
        world.Events.Select(n => n.Reason).Should().Equal("GrantRequested", "GrantActivated");
    }

    [Fact]
    public void The_requester_and_nobody_else_can_read_the_one_Secret()
    {
        var world = new ModelWorld();
        world.Run();
        var reader = world.Cluster.Bindings.Should().ContainSingle(b => b.Metadata.Name == GrantNames.Reader(world.Grant)).Subject;
        ModelCluster.SubjectsOf(reader).Should().ContainSingle().Which.Should().Match<Rbacv1Subject>(s => s.Kind == "User" && s.Name == "alice");
        world.Cluster.Objects.Values.OfType<V1Role>().Should().ContainSingle().Which.Rules.Should().ContainSingle()
            .Which.Should().BeEquivalentTo(
            new V1PolicyRule { ApiGroups = [""], Resources = ["secrets"], ResourceNames = [GrantNames.Identity(world.Grant)], Verbs = ["get"] });
        world.Account.AutomountServiceAccountToken.Should().BeFalse();
        world.Cluster.Delivered.Should().ContainKey(world.CredentialSecret.Metadata.Uid!);
    }

    [Fact]
    public void A_grant_that_binds_the_requester_makes_the_binding_and_nothing_else()
    {
        var world = new ModelWorld(BindRequester).Run();
        world.Cluster.Objects.Values.Should().ContainSingle();
        ModelCluster.SubjectsOf(world.Binding).Should().Equal(new Rbacv1Subject { Kind = "User", ApiGroup = "rbac.authorization.k8s.io", Name = "alice" });
        (world.Status.ServiceAccount, world.Status.CredentialSecret, world.Status.CredentialExpiresAt).Should().Be((null, null, null));
        Of(world, "Active").Should().Be(("True", "AccessGiven"));
        world.HasAccess().Should().BeTrue();
    }

    [Fact]
    public void With_a_recipient_key_the_credential_is_in_the_status_and_nobody_can_read_a_Secret()
    {
        var world = new ModelWorld(grant: A.Grant(s => s with { RecipientKey = Key })).Run();
        world.Status.CredentialJwe.Should().Be("jwe of token 0");
        Conditions.Find(world.Status.Conditions, "Active")!.Message.Should().Contain("status.credentialJwe");
        world.Cluster.Objects.Values.OfType<V1Role>().Should().BeEmpty();
        world.Cluster.Delivered.Values.Should().Equal([-1], "the Secret is marked and holds nothing");
        world.HasAccess().Should().BeTrue();
    }

    [Fact]
    public void A_token_lives_ten_minutes_at_least_since_the_server_issues_no_shorter_one()
    {
        var world = new ModelWorld(grant: A.Grant(s => s with { Duration = "45s" })).Run();
        (world.Status.ExpiresAt, world.Status.CredentialExpiresAt).Should().Be((A.Start.AddSeconds(45), A.Start.AddMinutes(10)));
    }

    [Theory]
    [InlineData(CredentialKind.ServiceAccountToken)]
    [InlineData(CredentialKind.BindRequester)]
    public void At_its_expiry_access_is_gone_and_then_proven_to_be(CredentialKind credential)
    {
        var world = new ModelWorld(A.Policy(s => s with { Credential = credential })).Run();
        world.RunUntil(A.Start.AddMinutes(30).AddMilliseconds(-1));
        world.HasAccess().Should().BeTrue("its time is not over");

        world.RunUntil(A.Start.AddMinutes(30));
        world.Cluster.Objects.Should().BeEmpty();
        world.Status.Should().Match<GrantStatus>(
            s => s.Phase == GrantPhase.Expired && s.EndReason == EndReason.Expired && s.EndedAt == A.Start.AddMinutes(30));
        Of(world, "Active").Should().Be(("False", "Expired"));
        world.RunFor(TimeSpan.FromSeconds(15));
        Of(world, "Revoked").Should().Be(("True", "Proven"));
        Of(world, "Reviewed").Should().Be(("False", "ReviewPending"));
        world.Grant.FinalizersOrEmpty.Should().BeEmpty("a finished record never blocks an uninstall");
        world.Events.Select(n => n.Reason).Should().Equal("GrantRequested", "GrantActivated", "GrantExpiring", "GrantExpired");
        world.Status.Transitions.Should().HaveCount(3).And.EndWith(new TransitionRecord { At = A.Start
            .AddMinutes(30), From = GrantPhase.Active, To = GrantPhase.Expired, Actor = "breakglass-operator", Reason = "Expired" });
    }

    [Fact]
    public void Access_is_cut_before_anything_else_then_the_token_then_it_is_said_and_proven_and_then_the_rest_goes()
    {
        var world = new ModelWorld().Run();
        var done = new List<string>();
        world.Done = (_, step) =>
        {
            if (step is PlanStep.Remove remove) done.Add(remove.Object.Metadata.Name == GrantNames.Reader(world.Grant) ? "reader" : remove.Object.KindName);
            if (step is PlanStep.WriteStatus && world.Status.Phase is GrantPhase.Expired)
                done.Add(Of(world, "Revoked").Item1 is "True" ? "proven" : "expired");
        };
        world.RunUntil(A.Start.AddMinutes(31));
        done.Should().HaveCount(7);
        done[0].Should().Be("RoleBinding");
        done[1..3].Should().BeEquivalentTo("Secret", "ServiceAccount");
        done[3..].Should().Equal("expired", "proven", "reader", "reader");
    }

    [Fact]
    public void While_the_server_remembers_the_token_it_is_not_called_revoked()
    {
        var world = new ModelWorld { TokenMemory = TimeSpan.FromSeconds(10) }.Run();
        world.RunUntil(A.Start.AddMinutes(30).AddSeconds(9));
        Of(world, "Revoked").Should().Be(("False", "Proving"));
        world.Grant.FinalizersOrEmpty.Should().NotBeEmpty();
        world.RunFor(TimeSpan.FromSeconds(2));
        Of(world, "Revoked").Should().Be(("True", "Proven"));
    }

    [Fact]
    public void Where_the_proof_fails_for_long_the_record_says_what_still_works()
    {
        var world = new ModelWorld { TokenMemory = TimeSpan.FromMinutes(5) }.Run();
        world.RunUntil(A.Start.AddMinutes(31));
        Of(world, "Revoked").Should().Be(("False", "NotProven"));
        Conditions.Find(world.Status.Conditions, "Revoked")!.Message
            .Should().Contain("TokenReview still accepts the token").And.NotContain("SubjectAccessReview");
        world.Status.AwaitsProof.Should().BeTrue();
        var written = world.Status;
        world.RunUntil(A.Start.AddMinutes(34));
        world.Status.Should().BeSameAs(written, "the same words are not written again");
        world.RunUntil(A.Start.AddMinutes(36));
        Of(world, "Revoked").Should().Be(("True", "Proven"));
        world.Status.AwaitsProof.Should().BeFalse();
    }

    [Fact]
    public void A_requester_who_has_the_access_by_another_way_is_told_so_in_the_record()
    {
        var world = new ModelWorld(BindRequester);
        world.Put(new V1ClusterRoleBinding { Metadata = new() { Name = "admins" }, RoleRef = new() { Kind = "ClusterRole", Name = "edit" },
            Subjects = [Bound.User("alice")] });
        world.RunUntil(A.Start.AddMinutes(31));
        Of(world, "Revoked").Should().Be(("True", "Proven"), "what the grant gave is gone");
        Conditions.Find(world.Status.Conditions, "Revoked")!.Message.Should().Contain("bindings that do not belong to this grant").And.Contain("admins");
        world.Status.Residue.Should().ContainSingle().Which.Should().Contain("access elsewhere").And.Contain("admins");
        world.Cluster.Objects.Should().ContainSingle("what is not the grant's is not touched");
    }

    [Fact]
    public void Five_minutes_before_the_end_it_is_told_once()
    {
        var world = new ModelWorld().Run();
        world.RunUntil(A.Start.AddMinutes(25).AddMilliseconds(-1)).Events.Should().NotContain(n => n.Reason == "GrantExpiring");
        world.RunUntil(A.Start.AddMinutes(25)).Events.Should().ContainSingle(n => n.Reason == "GrantExpiring").Which.Text
            .Should().Contain("2026-11-22T01:32:03.000Z");
        world.RunUntil(A.Start.AddMinutes(29)).Events.Should().ContainSingle(n => n.Reason == "GrantExpiring");
    }

    [Theory]
    [InlineData("5m")]
    [InlineData("45s")]
    public void A_grant_of_five_minutes_or_less_is_not_told_of_its_end(string duration)
    {
        var world = new ModelWorld(grant: A.Grant(s => s with { Duration = duration })).RunFor(TimeSpan.FromMinutes(10));
        world.Status.Phase.Should().Be(GrantPhase.Expired);
        world.Events.Should().NotContain(n => n.Reason == "GrantExpiring");
    }

    [Fact]
    public void The_record_is_deleted_when_its_time_is_over_and_not_before()
    {
        var world = new ModelWorld(A.Policy(s => s with { RetainFor = "48h" })).RunFor(TimeSpan.FromHours(1));
        world.Review("carol");
        world.RunUntil(A.Start.AddMinutes(30).AddHours(48).AddSeconds(-1));
        world.Cluster.Grant.Should().NotBeNull();
        world.RunFor(TimeSpan.FromSeconds(1)).Cluster.Grant.Should().BeNull();
    }

    [Theory]
    [InlineData(31)]
    [InlineData(-31)]
    [InlineData(8_640_000)]
    public void No_record_is_deleted_while_the_clocks_differ(double seconds)
    {
        var world = new ModelWorld(A.Policy(s => s with { RetainFor = "48h" })).RunFor(TimeSpan.FromHours(1));
        world.Review("sam");
        world.ClockSkew = TimeSpan.FromSeconds(seconds);
        world.RunFor(TimeSpan.FromHours(60)).Cluster.Grant.Should().NotBeNull("what is gone does not come back");

        world.ClockSkew = TimeSpan.FromSeconds(-20);
        world.RunFor(TimeSpan.FromMinutes(2)).Cluster.Grant.Should().BeNull();
    }

    [Fact]
    public void A_record_is_deleted_by_the_slowest_of_the_clocks()
    {
        var world = new ModelWorld(A.Policy(s => s with { RetainFor = "48h" })).RunFor(TimeSpan.FromHours(1));
        world.Review("sam");
        world.ClockSkew = TimeSpan.FromSeconds(20);
        var until = world.Run().Status.EndedAt!.Value + TimeSpan.FromHours(48);
        world.RunUntil(until + TimeSpan.FromSeconds(19)).Cluster.Grant.Should().NotBeNull();
        world.RunUntil(until + TimeSpan.FromMinutes(2)).Cluster.Grant.Should().BeNull();
    }

    /// <summary>Whoever takes the webhooks away and shortens retainFor must not have the operator delete the records for them.</summary>
    [Fact]
    public void A_retention_that_was_shortened_past_the_webhooks_deletes_no_record()
    {
        var world = new ModelWorld(A.Policy(s => s with { RetainFor = "4320h" })).RunFor(TimeSpan.FromHours(1));
        world.Review("carol");
        world.EditPolicy(s => s with { RetainFor = "0s" });
        world.PolicySeal = SealState.Broken;
        world.RunUntil(A.Start.AddMinutes(30).AddDays(90).AddSeconds(-1)).Cluster.Grant.Should().NotBeNull();

        world.PolicySeal = SealState.Valid;
        world.RunFor(TimeSpan.FromSeconds(1)).Cluster.Grant.Should().BeNull("somebody vouches for it now");
    }

    [Fact]
    public void Without_its_policy_the_record_is_kept_for_ninety_days()
    {
        var world = new ModelWorld().RunFor(TimeSpan.FromHours(1));
        world.DeletePolicy();
        world.Review("carol");
        world.RunUntil(A.Start.AddMinutes(30).AddDays(90).AddSeconds(-1)).Cluster.Grant.Should().NotBeNull();
        world.RunFor(TimeSpan.FromSeconds(1)).Cluster.Grant.Should().BeNull();
    }

    [Fact]
    public void An_authorizer_that_does_not_know_the_binding_yet_does_not_keep_a_grant_from_becoming_active()
    {
        var world = new ModelWorld { AuthorizerLags = true }.Run();
        world.Status.Phase.Should().Be(GrantPhase.Active);
        world.Plans.SelectMany(p => p.Steps).OfType<PlanStep.CheckAccess>()
            .Should().ContainSingle("the wait for the authorizer is the executor's, in one step");
    }

    [Fact]
    public void Access_that_the_authorizer_denies_is_not_said_to_work_until_it_does()
    {
        var world = new ModelWorld { AuthorizerLags = true }.Run();
        Conditions.Find(world.Status.Conditions, "Active")
            .Should().Match<Condition>(c => c.Status == "False" && c.Reason == "Interrupted" && c.Message.Contains("denies it"));

        world.Plans.Clear();
        world.RunFor(TimeSpan.FromMinutes(1));
        world.Plans.SelectMany(p => p.Steps).OfType<PlanStep.CheckAccess>()
            .Should().HaveCount(7, "it is asked again once the status is written, and then every ten seconds");
        world.AuthorizerLags = false;
        world.RunFor(TimeSpan.FromSeconds(10));
        Conditions.Find(world.Status.Conditions, "Active").Should().Match<Condition>(c => c.Status == "True" && c.Reason == "AccessGiven");

        world.Plans.Clear();
        world.RunFor(TimeSpan.FromMinutes(1));
        world.Plans.SelectMany(p => p.Steps).OfType<PlanStep.CheckAccess>().Should().BeEmpty("it works");
        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void A_grant_that_gives_several_entries_in_several_places_records_each()
    {
        var policy = A.Policy(s => s with { Access = [A.Entry("edit", "edit", "payments", "shop"),
            A.SelectorEntry("view", "view", A.Selector("team", "Exists")), A.ClusterWideEntry("wide", "view")] });
        var world = new ModelWorld(policy).Run();
        world.Status.Bindings.Select(b => $"{b.Kind} {b.Namespace} {b.Role}").Should()
            .Equal("RoleBinding payments ClusterRole/edit", "RoleBinding shop ClusterRole/edit", "RoleBinding payments ClusterRole/view",
            "RoleBinding shop ClusterRole/view", "ClusterRoleBinding  ClusterRole/view");
        world.Cluster.AccessBindings.Should().HaveCount(5);
        world.RunUntil(A.Start.AddMinutes(31)).Cluster.Objects.Should().BeEmpty();
    }

    [Fact]
    public void Waiting_for_the_end_of_a_grant_costs_no_round()
    {
        var world = new ModelWorld().Run();
        var before = world.Plans.Count;
        world.RunUntil(A.Start.AddMinutes(24));
        (world.Plans.Count - before).Should().BeLessThanOrEqualTo(1, "nothing is polled");
    }

    private static (string Status, string Reason) Of(ModelWorld world, string type)
    {
        var condition = Conditions.Find(world.Status.Conditions, type);
        return (condition?.Status ?? "", condition?.Reason ?? "");
    }
}
