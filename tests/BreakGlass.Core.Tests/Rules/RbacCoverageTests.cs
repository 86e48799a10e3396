using BreakGlass.Core.Rules;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Rules;

public sealed class RbacCoverageTests
{
    private static readonly Config Thousand = Config.QuickThrowOnFailure.WithMaxTest(1000).WithStartSize(1).WithEndSize(40);

    [Theory]
    [InlineData("pods", "pods", "", true)]
    [InlineData("pods", "pods", "exec", false)]
    [InlineData("pods/exec", "pods", "exec", true)]
    [InlineData("pods/exec", "pods", "", false)]
    [InlineData("*", "pods", "exec", true)]
    [InlineData("*/exec", "pods", "exec", true)]
    [InlineData("*/exec", "pods", "", false)]
    [InlineData("*/exec", "pods", "attach", false)]
    [InlineData("pods/*", "pods", "exec", false)]
    [InlineData("*/*", "pods", "exec", false)]
    [InlineData("pods/exec", "pods/exec", "", true)]
    [InlineData("*/exec", "pods/exec", "", false)]
    public void A_resource_is_allowed_as_the_authorizer_does(string rule, string resource, string subresource, bool allowed) =>
        RbacCoverage.Allows([A.Rule("", rule, "get")], new V1ResourceAttributes { Verb = "get", Resource = resource, Subresource = subresource })
            .Should().Be(allowed);

    [Fact]
    public void A_name_on_a_list_does_not_allow_what_has_no_name()
    {
        V1PolicyRule[] rules = [A.Rule("", "configmaps", "get", "list", "create") with { ResourceNames = ["a"] }];
        V1ResourceAttributes request = new() { Verb = "get", Resource = "configmaps", Name = "a" };
        RbacCoverage.Allows(rules, request).Should().BeTrue();
        RbacCoverage.Allows(rules, request with { Name = "b" }).Should().BeFalse();
        RbacCoverage.Allows(rules, request with { Verb = "list", Name = null }).Should().BeFalse();
    }

    [Theory]
    [InlineData("/metrics", "/metrics", true)]
    [InlineData("/metrics", "/metrics/slis", false)]
    [InlineData("/metrics*", "/metrics/slis", true)]
    [InlineData("/api/*", "/api", false)]
    [InlineData("/api/*", "/api/v1", true)]
    [InlineData("/api/**", "/api/v1", true)]
    [InlineData("/a*i", "/api", false)]
    [InlineData("*", "/anything", true)]
    public void A_path_is_allowed_as_the_authorizer_does(string rule, string path, bool allowed) =>
        RbacCoverage.Allows([new() { NonResourceURLs = [rule], Verbs = ["get"] }], new V1NonResourceAttributes { Verb = "get", Path = path })
            .Should().Be(allowed);

    [Fact]
    public void A_list_never_covers_a_wildcard_and_leaving_something_out_never_passes()
    {
        var named = A.Rule("", "configmaps", "get") with { ResourceNames = ["a", "b"] };
        RbacCoverage.Covers([named], [A.Rule("", "configmaps", "get")]).Should().BeFalse("no names are all names");
        RbacCoverage.Covers([A.Rule("", "configmaps", "get")], [named]).Should().BeTrue();
        RbacCoverage.Covers([A.Rule("apps", "deployments", "get", "list", "watch", "create", "update", "patch", "delete")],
            [A.Rule("apps", "deployments", "*")]).Should().BeFalse();
        RbacCoverage.Covers([A.Rule("", "pods/exec", "get"), A.Rule("", "pods", "get")], [A.Rule("", "*", "get")]).Should().BeFalse();
        RbacCoverage.Covers([A.Rule("", "*/log", "get")], [A.Rule("", "pods/log", "get")]).Should().BeTrue();
        RbacCoverage.Covers([A.Rule("", "*/log", "get")], [A.Rule("", "pods", "get")]).Should().BeFalse();
        RbacCoverage.Covers([], []).Should().BeTrue();
    }

    [Fact]
    public void One_rule_may_be_covered_by_several()
    {
        V1PolicyRule[] owner = [A.Rule("", "pods", "get"), A.Rule("", "pods", "list"), A.Rule("apps", "*", "*")];
        RbacCoverage.Covers(owner, [A.Rule("", "pods", "get", "list")]).Should().BeTrue();
    }

    [Fact]
    public void What_is_not_covered_is_named_permission_by_permission()
    {
        V1PolicyRule[] asked = [new() { ApiGroups = ["", "apps"], Resources = ["pods", "secrets"], Verbs = ["get"] },
            new() { NonResourceURLs = ["/metrics", "/logs/*"], Verbs = ["get"] }];
        V1PolicyRule[] owner = [new() { ApiGroups = ["*"], Resources = ["pods"], Verbs = ["*"] }, new() { NonResourceURLs = ["/m*"], Verbs = ["get"] }];
        RbacCoverage.Uncovered(owner, asked).Should().BeEquivalentTo(
            [A.Rule("", "secrets", "get"), A.Rule("apps", "secrets", "get"), new V1PolicyRule { NonResourceURLs = ["/logs/*"], Verbs = ["get"] }]);
    }

    [Fact]
    public void What_is_covered_allows_nothing_that_the_owner_does_not()
    {
        var cases = from owner in Generated.Rules from asked in Generated.Rules from request in Generated.Request from path in Generated.Path
            select (owner, asked, request, path);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var rest = RbacCoverage.Uncovered(c.owner, c.asked);
            bool Held(Func<IReadOnlyList<V1PolicyRule>, bool> allows) => !allows(c.asked) || allows(c.owner) || allows(rest);
            return Held(r => RbacCoverage.Allows(r, c.request)) && Held(r => RbacCoverage.Allows(r, c.path));
        }).Check(Thousand.WithReplay(4711, 4713));
    }

    [Fact]
    public void For_whatever_is_not_covered_there_is_a_request_that_only_the_asker_is_allowed()
    {
        var pairs = from owner in Generated.Rules from asked in Generated.Rules select (owner, asked);
        Prop.ForAll(pairs.ToArbitrary(), p => RbacCoverage.Uncovered(p.owner, p.asked).All(one =>
        {
            if (one.NonResourceURLs is [var url])
            {
                V1NonResourceAttributes path = new() { Verb = Other(one.Verbs[0]), Path = url.EndsWith('*') ? $"{url.TrimEnd('*')}zzz" : url };
                return RbacCoverage.Allows(p.asked, path) && !RbacCoverage.Allows(p.owner, path);
            }

            var parts = one.Resources[0].Split('/', 2);
            V1ResourceAttributes request = new()
            {
                Verb = Other(one.Verbs[0]), Group = Other(one.ApiGroups[0]), Resource = Other(parts[0]), Subresource = parts.ElementAtOrDefault(1),
                Name = one.ResourceNames is [var name] ? name : "zzz",
            };
            return RbacCoverage.Allows(p.asked, request) && !RbacCoverage.Allows(p.owner, request);
        })).Check(Thousand.WithReplay(4711, 4713));
    }

    // A wildcard stands for what no list names, too.
    private static string Other(string value) => value == "*" ? "zzz" : value;

    /// <summary>Rules and requests out of few words, so that they meet.</summary>
    private static class Generated
    {
        public static Gen<IReadOnlyList<V1PolicyRule>> Rules { get; } = Some(Gen.OneOf(ResourceRule(), ResourceRule(), PathRule()), 0, 4)
            .Select(r => r.OrEmpty());

        public static Gen<V1ResourceAttributes> Request { get; } =
            from verb in Gen.Elements("get", "list", "create", "*")
            from @group in Gen.Elements("", "apps", "batch", "*")
            from resource in Gen.Elements("pods", "deployments", "pods/log", "*")
            from subresource in Gen.Elements("", "", "log", "scale", "*")
            from name in Gen.Elements("", "a", "b", "c")
            select new V1ResourceAttributes { Verb = verb, Group = @group, Resource = resource, Subresource = subresource, Name = name };

        public static Gen<V1NonResourceAttributes> Path { get; } =
            from verb in Gen.Elements("get", "post", "*")
            from path in Gen.Elements("/a", "/a/", "/a/b", "/b", "/a*", "/")
            select new V1NonResourceAttributes { Verb = verb, Path = path };

        private static Gen<V1PolicyRule> ResourceRule() =>
            from verbs in Some(Gen.Elements("get", "list", "create", "*"), 1, 3)
            from groups in Some(Gen.Elements("", "apps", "batch", "*"), 1, 2)
            from resources in Some(Gen.Elements("pods", "deployments", "pods/log", "deployments/scale", "*/log", "*/scale", "pods/*", "*/*", "*"), 1, 3)
            from names in Some(Gen.Elements("a", "b", "c"), 0, 2)
            select new V1PolicyRule { Verbs = verbs, ApiGroups = groups, Resources = resources, ResourceNames = names };

        private static Gen<V1PolicyRule> PathRule() =>
            from verbs in Some(Gen.Elements("get", "post", "*"), 1, 2)
            from urls in Some(Gen.Elements("/a", "/a*", "/a/*", "/a/b", "/a/b**", "/b", "*", "/*"), 1, 2)
            select new V1PolicyRule { Verbs = verbs, NonResourceURLs = urls };

        private static Gen<IList<T>> Some<T>(Gen<T> one, int least, int most) =>
            from count in Gen.Choose(least, most) from values in one.ListOf(count) select (IList<T>)[.. values];
    }
}
