using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using FluentAssertions;
using Kube.Client;
using TestKit.Builders;
using Xunit;
using Change = System.Func<BreakGlass.Core.Api.PolicySpec, BreakGlass.Core.Api.PolicySpec>;

namespace BreakGlass.Core.Tests.Rules;

public sealed class PolicyRulesTests
{
    /// <summary>What is wrong, the field that is named, and words that the message must have: what is wrong, and what to write instead.</summary>
    private static readonly Dictionary<string, (Change Spec, string Field, string[] Words)> Wrong = new()
    {
        ["no mode"] = (s => s with { Mode = null }, "spec.mode", ["required", "BreakGlass, JustInTime or TimeBoxed"]),
        ["no requesters"] = (s => s with { Requesters = [] }, "spec.requesters", ["at least one", "kind: Group"]),
        ["a kind that RBAC does not know"] = (s => s with { Requesters = [A.User("alice"), new() { Kind = "Team", Name = "x" }] }, "spec.requesters[1].kind",
            ["'Team'", "User, Group, ServiceAccount"]),
        ["a subject without a name"] = (s => s with { Requesters = [A.User("")] }, "spec.requesters[0].name", ["required"]),
        ["a service account of nowhere"] = (s => s with { Requesters = [new() { Kind = "ServiceAccount", Name = "robot" }] }, "spec.requesters[0].namespace",
            ["required for a ServiceAccount"]),
        ["no access"] = (s => s with { Access = [] }, "spec.access", ["at least one entry", "name the role"]),
        ["an entry without a name"] = (Access(e => e with { Name = "" }), "spec.access[0].name", ["required", "grants select"]),
        ["the same name twice"] = (s => s with { Access = [.. s.Access, .. s.Access] }, "spec.access[1].name", ["'payments'", "twice", "unique"]),
        ["a role of no kind"] = (Access(e => e with { RoleRef = e.RoleRef with { Kind = "Admin" } }), "spec.access[0].roleRef.kind", ["ClusterRole, Role"]),
        ["a role without a name"] = (Access(e => e with { RoleRef = e.RoleRef with { Name = "" } }), "spec.access[0].roleRef.name", ["required"]),
        ["no place"] = (Access(e => e with { Namespaces = [] }), "spec.access[0]", ["exactly one of", "clusterWide: true"]),
        ["clusterWide false is no place"] = (Access(e => e with { Namespaces = [], ClusterWide = false }), "spec.access[0]", ["exactly one of"]),
        ["two places"] = (Access(e => e with { ClusterWide = true }), "spec.access[0]", ["exactly one of"]),
        ["namespaces and a selector"] = (Access(e => e with { NamespaceSelector = new() }), "spec.access[0]", ["exactly one of"]),
        ["a Role for a selector"] = (s => s with { Access = [A.RoleEntry("x", "reader") with { NamespaceSelector = new() }] }, "spec.access[0].roleRef.kind",
            ["lives in a namespace", "use a ClusterRole"]),
        ["a Role for the whole cluster"] = (s => s with { Access = [A.RoleEntry("x", "reader") with { ClusterWide = true }] }, "spec.access[0].roleRef.kind",
            ["lives in a namespace"]),
        ["the namespace of the credentials"] = (s => s with { Access = [A.Entry("x", "edit", "payments", "breakglass-grants")] }, "spec.access[0].namespaces",
            ["'breakglass-grants'", "remove it"]),
        ["the namespace of the operator"] = (s => s with { Access = [A.Entry("x", "edit", "breakglass-system")] }, "spec.access[0].namespaces",
            ["'breakglass-system'", "remove it"]),
        ["a selector operator misspelt"] = (Selects(A.Selector("team", "in", "payments")), "spec.access[0].namespaceSelector",
            ["'in'", "In, NotIn, Exists, DoesNotExist"]),
        ["In without values"] = (Selects(A.Selector("team", "In")), "spec.access[0].namespaceSelector", ["In requires values"]),
        ["NotIn without values"] = (Selects(A.Selector("team", "NotIn")), "spec.access[0].namespaceSelector", ["NotIn requires values"]),
        ["a default that is no duration"] = (Lasts("half an hour", "1h"), "spec.duration.default", ["'half an hour'", "30m, 1h30m or 45s"]),
        ["a max that is no duration"] = (Lasts("30m", "1d"), "spec.duration.max", ["'1d'", "30m, 1h30m or 45s"]),
        ["a max past the longest"] = (Lasts("30m", "12h1s"), "spec.duration.max", ["12h1s", "12h", "longest"]),
        ["a default of nothing"] = (Lasts("0s", "1h"), "spec.duration.default", ["more than zero"]),
        ["a default past max"] = (Lasts("2h", "1h"), "spec.duration.default", ["2h", "max, 1h"]),
        ["an idle timeout that is no duration"] = (s => s with { IdleTimeout = "never" }, "spec.idleTimeout", ["'never'", "30m, 1h30m or 45s"]),
        ["an idle timeout of nothing"] = (s => s with { IdleTimeout = "0s" }, "spec.idleTimeout", ["more than zero"]),
        ["a retention that is no duration"] = (s => s with { RetainFor = "90d" }, "spec.retainFor", ["'90d'", "30m, 1h30m or 45s"]),
        ["a pattern that does not close"] = (Ticket("^(INC"), "spec.justification.ticketPattern", ["not a supported regular expression"]),
        ["a pattern that looks back"] = (Ticket("^(a)\\1$"), "spec.justification.ticketPattern", ["backreferences and lookarounds are not supported"]),
        ["a pattern that looks around"] = (Ticket("^(?!INC)"), "spec.justification.ticketPattern", ["backreferences and lookarounds are not supported"]),
        ["approval of what is given at once"] = (s => s with { Approval = Approvers }, "spec.approval", ["at once", "JustInTime"]),
        ["just in time without approvers"] = (s => s with { Mode = PolicyMode.JustInTime }, "spec.approval", ["required for mode JustInTime"]),
        ["time-boxed without a schedule"] = (s => s with { Mode = PolicyMode.TimeBoxed }, "spec.schedule", ["required for mode TimeBoxed"]),
        ["a schedule for what is given at once"] = (s => s with { Schedule = new() }, "spec.schedule", ["only for mode TimeBoxed"]),
        ["a bypass of no approval"] = (s => s with { EmergencyBypass = new() { Duration = "15m" } }, "spec.emergencyBypass", ["only for mode JustInTime"]),
        ["the gateway for the requester's own name"] = (
            s => s with { Credential = CredentialKind.BindRequester, Session = new() { Path = SessionPath.Gateway } }, "spec.session.path",
            ["ServiceAccountToken", "path Direct"]),
        ["no review of break-glass"] = (s => s with { Review = new() { Required = false } }, "spec.review.required", ["always reviewed", "write true"]),
    };

    /// <summary>What only an operator that receives audit events can enforce. A restriction that is not enforced must not look as if it were.</summary>
    private static readonly Dictionary<string, (Change Spec, string Field)> Unsupported = new()
    {
        ["an idle timeout"] = (s => s with { IdleTimeout = "10m" }, "spec.idleTimeout"),
        ["an end of unusual use"] = (s => s with { Session = new() { OnAnomaly = AnomalyHandling.Revoke } }, "spec.session.onAnomaly"),
    };

    /// <summary>What is fine, though it looks close to something that is not.</summary>
    private static readonly Dictionary<string, Change> Fine = new()
    {
        ["as the examples have it"] = s => s,
        ["all kinds of requesters"] = s => s with { Requesters = [A.User("alice"), A.Group("oncall"), A.ServiceAccount("ci", "robot")] },
        ["the gateway, also for an operator that has none: that is said of the policy, and ends no grant"] =
            s => s with { Session = new() { Path = SessionPath.Gateway } },
        ["a Role in namespaces"] = s => s with { Access = [A.RoleEntry("x", "reader", "payments", "shop")] },
        ["the whole cluster"] = s => s with { Access = [A.ClusterWideEntry("x", "view")] },
        ["every namespace"] = Selects(new()),
        ["all selector operators"] = Selects(new()
        {
            MatchExpressions =
            [
                new() { Key = "a", Operator = "In", Values = ["1"] }, new() { Key = "b", Operator = "NotIn", Values = ["1"] },
                new() { Key = "c", Operator = "Exists" }, new() { Key = "d", Operator = "DoesNotExist" },
            ],
        }),
        ["exactly the longest"] = Lasts("12h", "12h"),
        ["a ticket pattern"] = Ticket("^(INC|CHG)-[0-9]+$"),
        ["a review section"] = s =>
            s with { Review = new() { Required = true, Within = "24h", Reviewers = [A.Group("security")], BlockRequesterUntilReviewed = true } },
        ["limits that limit nothing"] = s => s with { Limits = new() },
        ["overuse, persistence, suspended"] = s =>
            s with { Overuse = new() { Activations = 5, Window = "168h" }, AllowPersistence = ["rbac"], Suspended = true },
        ["own user name bound"] = s => s with { Credential = CredentialKind.BindRequester },
    };

    private static ApprovalTerms Approvers => new() { Approvers = [A.Group("incident-commanders")] };

    public static TheoryData<string> WrongCases => [.. Wrong.Keys];

    public static TheoryData<string> UnsupportedCases => [.. Unsupported.Keys];

    public static TheoryData<string> FineCases => [.. Fine.Keys];

    [Theory]
    [MemberData(nameof(UnsupportedCases))]
    public void What_needs_audit_events_is_allowed_if_the_operator_receives_them(string what) =>
        PolicyRules.Check(A.Policy(Unsupported[what].Spec), A.Settings with { RecordsSessions = true }).Should().BeEmpty();

    [Theory]
    [MemberData(nameof(WrongCases))]
    public void What_is_wrong_is_named_with_its_field_and_the_way_to_mend_it(string what)
    {
        var (spec, field, words) = Wrong[what];
        var problem = PolicyRules.Check(A.Policy(spec), A.Settings).Should().ContainSingle(p => p.Field == field && p.Reason == PolicyRules.Invalid).Subject;
        foreach (var word in words) problem.Message.Should().Contain(word);
        problem.ToString().Should().StartWith(field + ": ").And.NotEndWith(".");
    }

    [Theory]
    [MemberData(nameof(UnsupportedCases))]
    public void What_this_operator_cannot_enforce_is_refused_rather_than_passed_over(string what)
    {
        var (spec, field) = Unsupported[what];
        PolicyRules.Check(A.Policy(spec), A.Settings).Should().ContainSingle(p => p.Field == field && p.Reason == PolicyRules.NotSupported)
            .Which.Message.Should().Contain("so it cannot enforce").And.Contain("remove the field, or set up audit events");
    }

    [Fact]
    public void What_the_gateway_shows_needs_no_audit_events()
    {
        PolicySpec Through(PolicySpec spec, RecordingMode record) => spec with
        {
            IdleTimeout = "10m", Session = new() { Path = SessionPath.Gateway, Record = record, OnAnomaly = AnomalyHandling.Revoke },
        };
        var settings = A.Settings with { HasGateway = true };
        PolicyRules.Check(A.Policy(s => Through(s, RecordingMode.Requests)), settings).Should().BeEmpty();
        PolicyRules.Check(A.Policy(s => Through(s, RecordingMode.Streams)), settings).Should().BeEmpty();
        PolicyRules.Check(A.Policy(s => Through(s, RecordingMode.None)), settings).Select(p => p.Field)
            .Should().BeEquivalentTo("spec.idleTimeout", "spec.session.onAnomaly");
        PolicyRules.Check(A.Policy(s => Through(s, RecordingMode.Requests)), A.Settings).Should().HaveCount(2, "there is no gateway");
        PolicyRules.Check(A.Policy(s => s with { IdleTimeout = "10m" }), settings).Should().ContainSingle("on the direct path, nothing shows use");
    }

    [Theory]
    [MemberData(nameof(FineCases))]
    public void What_is_right_has_no_problem(string what) => PolicyRules.Check(A.Policy(Fine[what]), A.Settings).Should().BeEmpty();

    [Fact]
    public void A_name_has_to_fit_into_a_label()
    {
        PolicyRules.Check(A.Policy(name: new string('p', 63)), A.Settings).Should().BeEmpty();
        PolicyRules.Check(A.Policy(name: new string('p', 64)), A.Settings).Should().ContainSingle().Which.ToString()
            .Should().StartWith("metadata.name: at most 63");
    }

    [Fact]
    public void Every_problem_is_told_at_once()
    {
        var problems = PolicyRules.Check(A.Policy(s => new() { Duration = new() { Default = "x", Max = "y" }, RetainFor = "z" }), A.Settings);
        problems.Select(p => p.Field)
            .Should().Equal("spec.mode", "spec.requesters", "spec.access", "spec.duration.default", "spec.duration.max", "spec.retainFor");
    }

    [Fact]
    public void Namespaces_under_other_names_are_protected_under_those()
    {
        var settings = A.Settings with { GrantsNamespace = "bg-credentials", OperatorNamespace = "bg-operator" };
        BreakGlassPolicy In(string ns) => A.Policy(s => s with { Access = [A.Entry("x", "edit", ns)] });
        PolicyRules.Check(In("bg-credentials"), settings).Should().ContainSingle();
        PolicyRules.Check(In("bg-operator"), settings).Should().ContainSingle();
        PolicyRules.Check(In("breakglass-grants"), settings).Should().BeEmpty();
    }

    private static Change Access(Func<AccessEntry, AccessEntry> change) => s => s with { Access = [change(s.Access[0])] };

    private static Change Selects(LabelSelector selector) => s => s with { Access = [A.SelectorEntry("x", "edit", selector)] };

    private static Change Lasts(string usual, string max) => s => s with { Duration = new() { Default = usual, Max = max } };

    private static Change Ticket(string pattern) => s => s with { Justification = new() { TicketPattern = pattern } };
}
