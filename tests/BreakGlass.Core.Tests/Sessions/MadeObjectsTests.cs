using BreakGlass.Core.Api;
using BreakGlass.Core.Leftovers;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sessions;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Sessions;

/// <summary>What a session's rows say of the objects that a grant made.</summary>
public sealed class MadeObjectsTests
{
    private static readonly CoreSettings Looking = A.Settings with { LooksForLeftovers = true, RecordsSessions = true };
    private static readonly DateTimeOffset Ended = A.Start.AddMinutes(30);

    [Theory]
    [InlineData("create", "apps", "deployments", "", ActionResult.Allowed, true)]
    [InlineData("create", "apps", "deployments", "", ActionResult.Denied, false)]
    [InlineData("create", "apps", "deployments", "", ActionResult.Failed, false)]
    [InlineData("update", "apps", "deployments", "", ActionResult.Allowed, false)]
    [InlineData("update", "", "secrets", "", ActionResult.Allowed, true)]
    [InlineData("patch", "", "secrets", "", ActionResult.Allowed, true)]
    [InlineData("patch", "rbac.authorization.k8s.io", "clusterroles", "", ActionResult.Allowed, true)]
    [InlineData("update", "admissionregistration.k8s.io", "validatingwebhookconfigurations", "", ActionResult.Allowed, true)]
    [InlineData("update", "certificates.k8s.io", "certificatesigningrequests", "approval", ActionResult.Allowed, true)]
    [InlineData("update", "apps", "deployments", "status", ActionResult.Allowed, false)]
    [InlineData("create", "", "pods", "exec", ActionResult.Allowed, false)]
    [InlineData("create", "", "serviceaccounts", "token", ActionResult.Allowed, false)]
    [InlineData("create", "authorization.k8s.io", "selfsubjectaccessreviews", "", ActionResult.Allowed, false)]
    [InlineData("create", "", "events", "", ActionResult.Allowed, false)]
    [InlineData("delete", "", "secrets", "", ActionResult.Allowed, false)]
    [InlineData("get", "", "secrets", "", ActionResult.Allowed, false)]
    public void What_was_created_counts_and_what_can_give_access_also_if_it_was_changed(
        string verb, string group, string resource, string subresource, ActionResult result, bool counts) =>
        Made(Row(verb, group, resource) with { Subresource = subresource, Result = result }).Should().HaveCount(counts ? 1 : 0);

    [Fact]
    public void Rows_of_one_object_are_one_entry_that_says_how_and_as_whom()
    {
        var made = Made(Row("create", "", "secrets", at: 10) with { AsUser = "system:admin" }, Row("patch", "", "secrets", at: 20))
            .Should().ContainSingle().Which;
        made.ToString().Should().Be("secrets payments/it (create, patch as system:admin)");
        (made.FirstAt, made.LastAt).Should().Be((A.Start.AddSeconds(10), A.Start.AddSeconds(20)));
        Made(Row("create", "", "pods") with { Name = "" }).Should().ContainSingle().Which.Place.Should().Be("pods payments/(name made by the server)");
    }

    [Fact]
    public void A_namespace_is_one_object_however_its_events_name_it() =>
        Made(Row("create", "", "namespaces") with { Namespace = "" }, Row("patch", "", "namespaces") with { Namespace = "it" })
            .Should().ContainSingle().Which.Place.Should().Be("namespaces it");

    [Fact]
    public void What_the_identity_deleted_is_gone_unless_it_can_be_looked_up_or_was_made_again()
    {
        Made(Row("create", "", "secrets", at: 10), Row("delete", "", "secrets", at: 20)).Should().BeEmpty();
        Made(Row("create", "", "secrets", at: 30), Row("delete", "", "secrets", at: 20)).Should().ContainSingle();
        Made(Row("create", V1Role.KubeGroup, "roles", at: 10), Row("delete", V1Role.KubeGroup, "roles", at: 20))
            .Should().ContainSingle("a finalizer may hold it, and the operator can see that");
    }

    [Fact]
    public void What_can_give_access_is_looked_up_first()
    {
        var made = Made(Row("create", "", "pods", at: 1), Row("create", "apps", "deployments", at: 2), Row("patch", "", "secrets", at: 3));
        made.Select(m => m.Kind).Should().Equal("secrets", "pods", "deployments.apps");
    }

    [Theory]
    [InlineData(9.5, true, false)]
    [InlineData(10, true, false)]
    [InlineData(60, true, false)]
    [InlineData(200, false, false)]
    [InlineData(5, false, true)]
    public void An_object_that_is_older_was_changed_and_one_that_is_later_is_another(double at, bool isCreated, bool isChanged)
    {
        // The server writes whole seconds: what was created at 10.7 s is from 10 s.
        var made = Made(Row("patch", V1Role.KubeGroup, "roles", at: 10) with { FirstAt = A.Start.AddSeconds(10.7), LastAt = A.Start.AddSeconds(12) }).Single();
        var there = new V1ObjectMeta { Name = "it", CreatedAt = A.Start.AddSeconds(Math.Ceiling(at)) };
        (MadeObjects.IsCreated(made, there), MadeObjects.IsChanged(made, there)).Should().Be((isCreated, isChanged));
    }

    [Fact]
    public void A_workload_that_is_older_was_somebody_elses()
    {
        var made = Made(Row("create", "apps", "deployments"), Row("patch", "apps", "deployments")).Single();
        var there = new V1ObjectMeta { Name = "it", CreatedAt = A.Start.AddHours(-1) };
        (MadeObjects.IsCreated(made, there), MadeObjects.IsChanged(made, there)).Should().Be((false, false));
    }

    [Fact]
    public void The_record_names_what_is_left_what_was_changed_and_what_the_operator_may_not_look_up()
    {
        var seen = new LeftoversSeen(false, [new("roles.rbac.authorization.k8s.io", "payments", "mine", "u-1")], [], false)
        {
            Recorded = true,
            Changed = [new("clusterroles.rbac.authorization.k8s.io", "", "view", "u-2")],
            Unchecked = Made(Row("create", "", "secrets"), Row("create", "", "pods") with { Name = "debug" }),
            WithoutRow = 3,
        };
        var status = LeftBehind.Record(A.Grant() with { Status = new() { Residue = ["created pods payments/debug"] } }, seen, Ended);
        status.Residue.Should().Equal("created pods payments/debug", "left: roles.rbac.authorization.k8s.io payments/mine (UID u-1)",
            "changed: clusterroles.rbac.authorization.k8s.io view (UID u-2)", "not checked: secrets payments/it (create)",
            "not checked: 3 requests without a row in the session record");
        var condition = Conditions.Find(status.Conditions, "LeftBehind")!;
        (condition.Status, condition.Reason).Should().Be(("True", "ObjectsFound"));
        condition.Message.Should().EndWith("The grant's identity changed 1 older object(s) that can give access.");
    }

    [Fact]
    public void Of_many_objects_twenty_are_named_and_the_rest_is_a_number()
    {
        var rows = Enumerable.Range(0, 30).Select(i => Row("create", "", "secrets") with { Name = $"s{i:00}" });
        var residue = LeftBehind.Record(A.Grant(), new(false, [], [], false) { Recorded = true, Unchecked = Made([.. rows]) }, Ended).Residue;
        residue.Should().HaveCount(LeftBehind.MostNamed + 1);
        residue[^1].Should().Be("not checked: 10 more; see the BreakGlassSession");
    }

    [Fact]
    public void What_was_only_changed_is_behind_and_what_could_not_be_checked_is_not_called_nothing()
    {
        var nothing = new LeftoversSeen(false, [], [], false) { Recorded = true };
        Left(nothing).Should().Be(("False", "NothingFound"));
        Left(nothing with { Changed = [new("secrets", "payments", "db", "u-1")] }).Should().Be(("True", "ObjectsFound"));
        Left(nothing with { Unchecked = Made(Row("create", "", "secrets")) }).Should().Be(("Unknown", "NotAllLookedFor"));
        Left(nothing with { WithoutRow = 1 }).Should().Be(("Unknown", "NotAllLookedFor"));
    }

    [Fact]
    public void With_session_records_the_search_waits_for_the_last_events_and_needs_no_label()
    {
        Plan(null, 14).LookAgainAt.Should().Be(Ended.AddSeconds(15));
        Plan(null, 15).Steps.Should().ContainSingle().Which.Should().BeOfType<PlanStep.LookForLeftovers>();
        Plan(new(false, [], [], false) { Recorded = true }, 15).Steps.Should().ContainSingle().Which.Should().BeOfType<PlanStep.WriteStatus>();
        Plan(new(false, [], [], false), 15).Steps.Should().BeEmpty("nothing is stamped, and nothing was recorded");
    }

    private static IReadOnlyList<MadeObject> Made(params SessionAction[] rows) => MadeObjects.Of(new(new(), rows, 0), Looking);

    private static SessionAction Row(string verb, string group, string resource, int at = 60) => new()
    {
        Verb = verb, ApiGroup = group, Resource = resource, Namespace = "payments", Name = "it", Result = ActionResult.Allowed, Count = 1,
        FirstAt = A.Start.AddSeconds(at), LastAt = A.Start.AddSeconds(at),
    };

    private static (string?, string?) Left(LeftoversSeen seen) =>
        Conditions.Find(LeftBehind.Record(A.Grant(), seen, Ended).Conditions, "LeftBehind") is { } condition ? (condition.Status, condition.Reason) : default;

    private static GrantPlan Plan(LeftoversSeen? seen, int secondsAfter)
    {
        var grant = A.FinishedGrant(GrantPhase.Expired);
        grant = grant with
        {
            Status = grant.Status with
            {
                Credential = CredentialKind.ServiceAccountToken,
                Conditions = grant.Status.Conditions.With("Revoked", true, "Proven", "Gone.", 1, Ended).With("Active", false, "Expired", "Over.", 1, Ended),
            },
        };
        return GrantLifecycle.Decide(new GrantFacts
        {
            Name = grant.Metadata.Name, Now = Ended.AddSeconds(secondsAfter), Settings = Looking, Grant = grant, Policy = A.Policy(), Cluster = AView.Usual(),
            Findings = RunFindings.Fresh with { Leftovers = seen, Cut = true, Searched = true },
        }.JudgedBy(Core.Sealing.SealCheck.Trusting));
    }
}
