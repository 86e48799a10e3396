using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Rules;

/// <summary>As whom a grant could act beside itself.</summary>
public sealed class ActingAsTests
{
    [Theory]
    [InlineData("", "serviceaccounts", "impersonate", "impersonate")]
    [InlineData("", "pods", "create", "pods")]
    [InlineData("batch", "cronjobs", "create", "pods")]
    [InlineData("apps", "deployments", "patch", "pods")]
    [InlineData("", "pods/exec", "create", "exec")]
    [InlineData("", "pods/ephemeralcontainers", "patch", "exec")]
    [InlineData("", "serviceaccounts/token", "create", "tokens")]
    [InlineData("", "secrets", "list", "secrets")]
    [InlineData("", "pods", "list", "")]
    [InlineData("", "pods/log", "get", "")]
    public void A_way_to_be_a_ServiceAccount_is_seen_in_the_rules(string group, string resource, string verb, string way)
    {
        ActingAs.Ways([A.Rule(group, resource, verb)]).Should().Equal(way.Length == 0 ? [] : [way]);
        ActingAs.Ways([A.Rule(group, resource, verb) with { ResourceNames = ["one"] }]).Should().Equal(way.Length == 0 ? [] : [way], "one of them is enough");
    }

    [Fact]
    public void Those_of_the_control_plane_are_asked_about_first_and_a_namespaces_default_stands_for_all_others()
    {
        Rbacv1Subject[] subjects = [Bound.ServiceAccount("shop", "deployer"), Bound.ServiceAccount("kube-system", "namespace-controller"),
            Bound.ServiceAccount("other", "far"), Bound.User("alice"), Bound.ServiceAccount("breakglass-system", "breakglass-operator")];
        ActingAs.Candidates(["shop", "kube-system"], subjects, A.Settings)
            .Should().Equal("kube-system/namespace-controller", "kube-system/default", "shop/deployer", "shop/default");
        ActingAs.Candidates([null], subjects, A.Settings)
            .Should().Contain("other/far").And.NotContain(s => s.StartsWith("breakglass-", StringComparison.Ordinal));
    }

    [Fact]
    public void The_status_names_those_who_can_most_and_counts_those_who_were_not_asked_about()
    {
        var answers = Enumerable.Range(0, ActingAs.MostAsked).Select(i =>
            new ActorSummary { ServiceAccount = $"kube-system/c{i:00}", Can = i % 2 == 0 ? [] : i == 7 ? ["everything"] : ["get secrets anywhere"] }).ToList();
        var told = ActingAs.Tell(new() { Name = "e", ActsThrough = ["impersonate"] }, new(54, answers));
        told.Actors.Should().HaveCount(10).And.OnlyContain(a => a.Can.Count > 0);
        told.Actors[0].ServiceAccount.Should().Be("kube-system/c07");
        (told.ActorsAsked, told.ActorsNotAsked).Should().Be((20, 34));
    }

    [Fact]
    public void A_question_names_the_groups_that_the_server_would()
    {
        var (_, question) = ActingAs.Questions("kube-system/x")[0];
        question.User.Should().Be("system:serviceaccount:kube-system:x");
        question.Groups.Should().Equal("system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated");
    }
}
