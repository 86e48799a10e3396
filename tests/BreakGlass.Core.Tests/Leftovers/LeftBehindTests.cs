using BreakGlass.Core.Api;
using BreakGlass.Core.Leftovers;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s.Models;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Leftovers;

/// <summary>A CronJob that a grant left behind once stood nowhere, while the grant said Proven.</summary>
public sealed class LeftBehindTests
{
    private static readonly CoreSettings Looking = A.Settings with { LooksForLeftovers = true, ListsWorkloads = true };
    private static readonly DateTimeOffset Ended = A.Start.AddMinutes(30);
    private static readonly BindingRecord Here = new() { Kind = V1RoleBinding.KubeKind, Namespace = "payments", Name = "here", Role = "ClusterRole/edit" };
    private static readonly BindingRecord Wide = new() { Kind = V1ClusterRoleBinding.KubeKind, Name = "wide", Role = "ClusterRole/edit" };

    [Fact]
    public void Once_the_end_is_proven_it_is_looked_for_written_down_and_not_looked_for_again()
    {
        Plan(Proven(), null).Steps.Should().ContainSingle().Which.Should().BeOfType<PlanStep.LookForLeftovers>();
        var seen = new LeftoversSeen(true, [new("cronjobs.batch", "payments", "stay", "u-1")], [], false);
        var status = Plan(Proven(), seen).Steps.Should().ContainSingle().Which.Should().BeOfType<PlanStep.WriteStatus>().Subject.Status;
        status.Residue.Should().Equal("left: cronjobs.batch payments/stay (UID u-1)");
        Conditions.IsTrue(status.Conditions, "LeftBehind").Should().BeTrue();
        Plan(Proven() with { Status = status }, null).Steps.Should().BeEmpty();
    }

    [Fact]
    public void Nothing_found_is_said_and_what_may_not_be_listed_is_not_called_nothing()
    {
        Left(new(true, [], [], false)).Should().Be(("False", "NothingFound"));
        Left(new(true, [], ["jobs.batch"], false)).Should().Be(("Unknown", "NotAllLookedFor"));
    }

    [Fact]
    public void Many_are_counted_and_not_named()
    {
        var found = Enumerable.Range(0, 57).Select(i => new LeftObject("configmaps", "payments", $"c{i}", $"u{i}")).ToList();
        var residue = LeftBehind.Record(Proven(), new(true, found, [], false), Ended).Residue;
        residue.Should().HaveCount(LeftBehind.MostNamed + 1);
        residue[^1].Should().Be("left: 37 more; find them by the label breakglass.dev/made-by=grant-1");
    }

    [Fact]
    public void A_grant_that_was_never_active_that_is_being_deleted_or_that_ended_long_ago_is_left_alone()
    {
        Plan(Proven() with { Status = Proven().Status with { Transitions = [] } }, null).Steps.Should().BeEmpty();
        Plan(Proven() with { Status = Proven().Status with { Credential = CredentialKind.BindRequester } }, null).Steps.Should().BeEmpty();
        Plan(Proven(), null, Ended.AddMinutes(11)).Steps.Should().BeEmpty();
        Plan(Proven(), null, settings: A.Settings).Steps.Should().BeEmpty();
        Plan(Proven(), new(false, [], [], false)).Steps.Should().BeEmpty("nothing is stamped here, so nothing can be found");
    }

    [Fact]
    public void What_fails_is_tried_again_for_two_minutes_and_then_said()
    {
        var failed = new LeftoversSeen(true, [], ["jobs.batch"], true);
        Plan(Proven(), failed, Ended.AddSeconds(2)).LookAgainAt.Should().Be(Ended.AddSeconds(12));
        Plan(Proven(), failed, Ended.AddMinutes(2)).Steps.Should().ContainSingle();
    }

    [Fact]
    public void The_garbage_collector_gets_time_to_remove_what_is_removed()
    {
        var policy = A.Policy(s => s with { Leftovers = LeftoverHandling.Remove });
        Plan(Proven(), null, Ended.AddSeconds(1), policy: policy).LookAgainAt.Should().Be(Ended.AddSeconds(10));
        Plan(Proven(), null, Ended.AddSeconds(10), policy: policy).Steps.Should().ContainSingle();
    }

    [Theory]
    [InlineData("apps", "deployments", "payments", "here,wide")]
    [InlineData("apps", "deployments", "shop", "wide")]
    [InlineData("", "nodes", "", "")]
    [InlineData("storage.k8s.io", "storageclasses", "", "wide")]
    [InlineData("", "persistentvolumeclaims", "payments", "")]
    [InlineData("", "namespaces", "", "")]
    [InlineData("apiextensions.k8s.io", "customresourcedefinitions", "", "")]
    [InlineData("snapshot.storage.k8s.io", "volumesnapshots", "payments", "")]
    public void What_is_removed_belongs_to_the_binding_there_and_data_and_what_holds_others_work_to_nobody(
        string group, string resource, string ns, string owners)
    {
        var grant = A.Grant() with { Status = new() { PolicyUid = "policy-1", Bindings = [Wide, Here] } };
        var removes = A.Policy(s => s with { Leftovers = LeftoverHandling.Remove });
        StampRules.Owners(removes, grant, group, resource, ns).Select(b => b.Name).Should().Equal(owners.Split(',', StringSplitOptions.RemoveEmptyEntries));
        StampRules.Owners(A.Policy(), grant, group, resource, ns).Should().BeEmpty("Report removes nothing");
        StampRules.Owners(removes with { Metadata = removes.Metadata with { Uid = "namesake" } }, grant, group, resource, ns).Should().BeEmpty();
    }

    [Fact]
    public void What_cannot_be_listed_is_noted_when_it_is_created_up_to_a_bound()
    {
        var grant = A.Grant();
        LeftBehind.Note(grant, Looking, "batch", "cronjobs", "payments", "x").Should().BeNull("it is listed at the end");
        LeftBehind.Note(grant, A.Settings, "batch", "cronjobs", "payments", "x").Should().Be("created cronjobs.batch payments/x", "nobody will list it");
        LeftBehind.Note(grant, Looking with { ListsWorkloads = false }, "batch", "cronjobs", "payments", "x")
            .Should().Be("created cronjobs.batch payments/x", "the right to list it is not there");
        LeftBehind.Note(grant, Looking with { ListsWorkloads = false }, "", "namespaces", "", "x").Should().BeNull("namespaces are listed anyway");
        var residue = new List<string>();
        for (var i = 0; i < 50; i++)
        {
            if (LeftBehind.Note(grant with { Status = new() { Residue = residue } }, Looking, "", "secrets", "payments", $"s{i}") is { } note)
                residue.Add(note);
        }

        residue.Should().HaveCount(LeftBehind.MostNoted);
        residue[^1].Should().Contain("breakglass.dev/made-by=grant-1");
    }

    private static (string?, string?) Left(LeftoversSeen seen) =>
        Conditions.Find(LeftBehind.Record(Proven(), seen, Ended).Conditions, "LeftBehind") is { } condition ? (condition.Status, condition.Reason) : default;

    private static BreakGlassGrant Proven()
    {
        var grant = A.FinishedGrant(GrantPhase.Expired);
        return grant with
        {
            Status = grant.Status with
            {
                Credential = CredentialKind.ServiceAccountToken,
                Conditions = grant.Status.Conditions.With("Revoked", true, "Proven", "Gone.", 1, Ended).With("Active", false, "Expired", "Over.", 1, Ended),
            },
        };
    }

    private static GrantPlan Plan(BreakGlassGrant grant, LeftoversSeen? seen, DateTimeOffset? now = null, CoreSettings? settings = null,
        BreakGlassPolicy? policy = null) => GrantLifecycle.Decide(new GrantFacts
        {
            Name = grant.Metadata.Name,
            Now = now ?? Ended.AddSeconds(1),
            Settings = settings ?? Looking,
            Grant = grant,
            Policy = policy ?? A.Policy(),
            Cluster = AView.Usual(),
            Findings = RunFindings.Fresh with { Leftovers = seen, Cut = true, Searched = true },
        }.JudgedBy(Core.Sealing.SealCheck.Trusting));
}
