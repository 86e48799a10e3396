using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sessions;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Sessions;

/// <summary>What of a role was used, and a smaller role that would have been enough.</summary>
public sealed class UsedRightsTests
{
    private static readonly Config Thousand = Config.QuickThrowOnFailure.WithMaxTest(1000).WithStartSize(1).WithEndSize(40);

    [Fact]
    public void Only_the_rights_that_were_used_are_in_the_smaller_role()
    {
        var use = Use([A.Rule("", "*", "*"), A.Rule("apps", "deployments", "get", "patch")],
            Done("list", "pods"), Done("watch", "pods"), Done("create", "pods/exec", name: "a"), Done("list", "services"), Done("watch", "services"));
        use.Smaller.Should().BeEquivalentTo(
            [A.Rule("", "pods", "list", "watch") with { Resources = ["pods", "services"] },
                A.Rule("", "pods/exec", "create") with { ResourceNames = ["a"] }]);
        use.Rules.Select(r => r.Requests).Should().Equal(5, 0);
    }

    [Fact]
    public void Names_are_kept_only_if_every_use_named_one_of_a_few_objects()
    {
        V1PolicyRule[] granted = [A.Rule("", "configmaps", "get", "update", "list")];
        Use(granted, Done("get", "configmaps", name: "a"), Done("get", "configmaps", name: "b")).Smaller.Should()
            .BeEquivalentTo([A.Rule("", "configmaps", "get") with { ResourceNames = ["a", "b"] }]);
        Use(granted, Done("get", "configmaps", name: "a"), Done("list", "configmaps")).Smaller.Should()
            .BeEquivalentTo([A.Rule("", "configmaps", "get") with { ResourceNames = ["a"] }, A.Rule("", "configmaps", "list")]);
        Use(granted, [.. "abcdef".Select(c => Done("get", "configmaps", name: $"{c}"))]).Smaller.Should()
            .BeEquivalentTo([A.Rule("", "configmaps", "get")], "six objects are no choice");
        Use([A.Rule("", "configmaps", "get") with { ResourceNames = [.. "abcdef".Select(c => $"{c}")] }],
            [.. "abcdef".Select(c => Done("get", "configmaps", name: $"{c}"))]).Smaller[0].ResourceNames.Should().HaveCount(6, "the role limits them");
    }

    [Fact]
    public void The_name_of_a_new_object_is_not_a_name_that_the_authorizer_saw() =>
        Use([A.Rule("", "configmaps", "create")], Done("create", "configmaps", name: "a")).Smaller.Should()
            .BeEquivalentTo([A.Rule("", "configmaps", "create")]);

    [Fact]
    public void A_request_that_failed_after_it_was_authorized_used_its_right_and_a_refused_one_did_not()
    {
        var all = UsedRights.Of([Role(A.Rule("", "*", "*"))],
            [Grant(Done("get", "pods", name: "a") with { Result = ActionResult.Failed },
                Done("delete", "pods", name: "a") with { Result = ActionResult.Denied },
                Done("delete", "pods", name: "b") with { Result = ActionResult.Denied, Count = 4 })]);
        all.Roles[0].Smaller.Should().BeEquivalentTo([A.Rule("", "pods", "get") with { ResourceNames = ["a"] }]);
        all.Refused.Should().ContainSingle().Which.Should().Match<SessionAction>(a => a.Verb == "delete" && a.Name == "" && a.Count == 5);
    }

    [Fact]
    public void Under_another_name_only_the_right_to_impersonate_was_used()
    {
        V1PolicyRule[] granted = [A.Rule("", "*", "*")];
        var row = Done("get", "secrets", name: "a");
        Use(granted, row with { AsUser = "system:serviceaccount:payments:bot" }).Smaller.Should()
            .BeEquivalentTo([A.Rule("", "serviceaccounts", "impersonate") with { ResourceNames = ["bot"] }]);
        var clusterWide = Grant([row with { AsUser = "bob" }], null);
        UsedRights.Of([Role(granted)], [clusterWide]).Should().Match<UsedRights>(u => u.Impersonated && u.Roles[0].Smaller[0].Resources[0] == "users");
    }

    [Fact]
    public void A_role_counts_only_where_the_grant_had_it()
    {
        var role = Role(A.Rule("", "pods", "list"), new V1PolicyRule { Verbs = ["get"], NonResourceURLs = ["/metrics"] });
        var path = Done("get", "/metrics") with { Namespace = "" };
        var there = UsedRights.Of([role], [Grant(Done("list", "pods") with { Namespace = "shop" }, Done("list", "pods") with { Namespace = "" }, path)]);
        there.Roles[0].Smaller.Should().BeEmpty();
        there.AllowedElsewhere.Should().Be(3);
        UsedRights.Of([role], [Grant([path, Done("list", "pods")], null)]).Roles[0].Smaller.Should().HaveCount(2, "it was bound in the whole cluster");
    }

    [Fact]
    public void A_resource_that_a_client_calls_by_a_wildcard_does_not_bring_the_wildcard_back() =>
        Use([A.Rule("*", "*", "*")], Done("get", "*", name: "a") with { Result = ActionResult.Failed }).Smaller.Should().BeEmpty();

    [Fact]
    public void Missing_and_cut_records_are_told()
    {
        var none = new UsedGrant(A.Grant(name: "inc-2"), null);
        var cut = new UsedGrant(A.Grant(name: "inc-3"), new() { Parts = [new() { Totals = new() { Truncated = true } }] });
        UsedRights.Of([], [Grant(Done("get", "pods")), none, cut]).Should().Match<UsedRights>(
            u => u.Missing.Single() == "inc-2" && u.Truncated.Single() == "inc-3" && u.Recorded.Count == 2);
    }

    [Fact]
    public void The_smaller_role_covers_all_that_was_done_by_the_role_and_grants_nothing_that_the_role_does_not()
    {
        var cases = from granted in Generated.Rules from actions in Generated.Actions from ns in Gen.Elements<string?>(null, "payments")
            select (granted, actions, ns);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var grant = Grant(c.actions, c.ns);
            var smaller = UsedRights.Of([Role([.. c.granted])], [grant]).Roles[0].Smaller;
            var did = c.actions.Where(a => a.Result is not ActionResult.Denied && a.AsUser.Length == 0 && (c.ns is null || a.Namespace == c.ns))
                .Where(a => !$"{a.Verb}{a.ApiGroup}{a.Resource}{a.Subresource}".Contains('*'));
            return RbacCoverage.Covers(c.granted, smaller)
                && did.Where(a => Allows(c.granted, Asked(a))).All(a => Allows(smaller, Asked(a)))
                && !smaller.Any(r => r.VerbsOrEmpty.Concat(r.ResourcesOrEmpty).Concat(r.GroupsOrEmpty).Any(w => w.Contains('*')))
                && smaller.SelectMany(r => r.ResourcesOrEmpty).All(r => c.actions.Any(a => r == Combined(a) || a.AsUser.Length > 0));
        }).Check(Thousand.WithReplay(4711, 4713));
    }

    private static string Combined(SessionAction a) => a.Subresource.Length == 0 ? a.Resource : $"{a.Resource}/{a.Subresource}";

    private static bool Allows(IReadOnlyList<V1PolicyRule> rules, V1ResourceAttributes asked) => RbacCoverage.Allows(rules, asked);

    private static V1ResourceAttributes Asked(SessionAction a) => new()
    {
        Verb = a.Verb, Group = a.ApiGroup, Resource = a.Resource, Subresource = a.Subresource, Name = a is { Verb: "create", Subresource: "" } ? "" : a.Name,
    };

    private static RoleUse Use(V1PolicyRule[] granted, params SessionAction[] actions) => UsedRights.Of([Role(granted)], [Grant(actions)]).Roles[0];

    private static GrantedRole Role(params V1PolicyRule[] rules) => new("payments", new() { Kind = "ClusterRole", Name = "edit" }, null, rules);

    private static UsedGrant Grant(params SessionAction[] actions) => Grant(actions, "payments");

    private static UsedGrant Grant(IReadOnlyList<SessionAction> actions, string? ns) => new(
        A.Grant() with { Status = new() { Bindings = [new() { Kind = "RoleBinding", Namespace = ns, Role = "ClusterRole/edit" }] } },
        new() { Actions = actions });

    private static SessionAction Done(string verb, string resource, string name = "") => new()
    {
        Observer = "a", Verb = verb, Resource = resource.StartsWith('/') ? resource : resource.Split('/')[0],
        Subresource = resource.StartsWith('/') ? "" : resource.Split('/').ElementAtOrDefault(1) ?? "", Namespace = "payments", Name = name, Count = 1,
    };

    /// <summary>Rules and rows out of few words, so that they meet.</summary>
    private static class Generated
    {
        public static Gen<IReadOnlyList<V1PolicyRule>> Rules { get; } =
            from rules in Rule().ListOf() select (IReadOnlyList<V1PolicyRule>)[.. rules.Take(4)];

        public static Gen<IReadOnlyList<SessionAction>> Actions { get; } = from rows in Row().ListOf() select (IReadOnlyList<SessionAction>)[.. rows];

        private static Gen<V1PolicyRule> Rule() =>
            from verbs in Gen.Elements<string[]>(["get"], ["get", "list"], ["create"], ["*"], ["create", "get"])
            from groups in Gen.Elements<string[]>([""], ["apps"], ["*"], ["", "apps"])
            from resources in Gen.Elements<string[]>(["pods"], ["deployments", "pods"], ["pods/log"], ["*/scale"], ["*"], ["serviceaccounts"])
            from names in Gen.Elements<string[]?>(null, null, ["a"], ["a", "b"])
            select new V1PolicyRule { Verbs = verbs, ApiGroups = groups, Resources = resources, ResourceNames = names };

        private static Gen<SessionAction> Row() =>
            from verb in Gen.Elements("get", "list", "create", "patch", "*")
            from @group in Gen.Elements("", "apps")
            from resource in Gen.Elements("pods", "deployments", "secrets", "*")
            from subresource in Gen.Elements("", "", "log", "scale")
            from name in Gen.Elements("", "a", "b", "c", "d", "e", "f", "g")
            from ns in Gen.Elements("payments", "payments", "shop", "")
            from result in Gen.Elements(ActionResult.Allowed, ActionResult.Allowed, ActionResult.Failed, ActionResult.Denied)
            from user in Gen.Elements("", "", "", "system:serviceaccount:payments:bot")
            select new SessionAction
            {
                Verb = verb, ApiGroup = @group, Resource = resource, Subresource = subresource, Name = name, Namespace = ns, Result = result, AsUser = user,
                Count = 1,
            };
    }
}
