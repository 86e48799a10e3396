using BreakGlass.Core.Api;
using FluentAssertions;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Rules;

/// <summary>Label selectors as the Kubernetes documentation has them (concepts/overview/working-with-objects/labels).</summary>
public sealed class LabelSelectorTests
{
    [Theory]
    [InlineData("In", "env", "prod,dev", true)]
    [InlineData("In", "env", "dev", false)]
    [InlineData("In", "missing", "prod", false)]
    [InlineData("NotIn", "env", "prod", false)]
    [InlineData("NotIn", "env", "dev", true)]
    [InlineData("NotIn", "missing", "prod", true)]
    [InlineData("Exists", "env", "", true)]
    [InlineData("Exists", "missing", "", false)]
    [InlineData("DoesNotExist", "env", "", false)]
    [InlineData("DoesNotExist", "missing", "", true)]
    [InlineData("exists", "env", "", false)]
    [InlineData("Equals", "env", "prod", false)]
    [InlineData("", "missing", "", false)]
    public void An_expression_matches_as_documented_and_never_by_a_misspelling(string op, string key, string values, bool matches) =>
        A.Selector(key, op, values.Split(',', StringSplitOptions.RemoveEmptyEntries)).Matches(A.Labels(("env", "prod"))).Should().Be(matches);

    [Fact]
    public void An_empty_selector_matches_everything()
    {
        new LabelSelector().Matches(A.Labels()).Should().BeTrue();
        new LabelSelector().Matches(A.Labels(("a", "b"))).Should().BeTrue();
    }

    [Theory]
    [InlineData("prod", "pay", true)]
    [InlineData("prod", "shop", false)]
    [InlineData("dev", "pay", false)]
    [InlineData("Prod", "pay", false)]
    public void All_labels_and_expressions_must_hold(string env, string team, bool matches)
    {
        var selector = A.Selector("team", "In", "pay") with { MatchLabels = A.Labels(("env", "prod")) };
        selector.Matches(A.Labels(("env", env), ("team", team))).Should().Be(matches);
    }

    [Fact]
    public void A_label_with_an_empty_value_is_there()
    {
        A.Selector(("env", "")).Matches(A.Labels(("env", ""))).Should().BeTrue();
        A.Selector(("env", "")).Matches(A.Labels()).Should().BeFalse();
    }
}
