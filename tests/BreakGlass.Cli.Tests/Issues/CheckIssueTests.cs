using BreakGlass.Cli.Tests.Support;
using FluentAssertions;
using Xunit;

namespace BreakGlass.Cli.Tests.Issues;

/// <summary>Files on which <c>lint</c> and <c>test</c> crashed, or which they let pass.</summary>
public sealed class CheckIssueTests : IDisposable
{
    private const string Policy = """
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassPolicy
        metadata: {name: payments-oncall}
        spec:
          mode: BreakGlass
          requesters: [{kind: Group, name: payments-oncall}]
          access: [{name: payments, roleRef: {kind: ClusterRole, name: edit}, namespaces: [payments]}]
          review: {reviewers: [{kind: Group, name: security}]}
        """;

    private const string Cases = "cases:\n- {as: {groups: [payments-oncall]}, expect: {phase: Active}}\n";

    private readonly PluginHarness _plugin = new();

    public void Dispose() => _plugin.Dispose();

    [Theory]
    [InlineData("requesters: [{kind: Group, name: payments-oncall}]", "requesters:\n  -", "spec.requesters[0]")]
    [InlineData("access: [{", "access: [null, {", "spec.access[0]")]
    [InlineData("review: {reviewers: [{kind: Group, name: security}]}", "review: {reviewers: [null]}", "spec.review.reviewers[0]")]
    [InlineData("mode: BreakGlass", "mode: BreakGlass\n  requireClaims: [null]", "spec.requireClaims[0]")]
    [InlineData("namespaces: [payments]", "namespaces: [null]", "spec.access[0].namespaces[0]")]
    public async Task A_dash_with_nothing_behind_it_crashed_or_passed(string from, string to, string field)
    {
        var file = _plugin.File("p.yaml", Policy.Replace(from, to, StringComparison.Ordinal));
        (await _plugin.RunAsync("lint", file)).Should().Be(1);
        _plugin.Out.Should().Contain($"error: {field}: the item is empty");
        (await _plugin.RunAsync("test", "-c", _plugin.File("c.yaml", Cases), file)).Should().Be(1);
    }

    [Fact]
    public async Task A_number_was_taken_for_a_mode()
    {
        (await _plugin.RunAsync("lint", _plugin.File("p.yaml", Policy.Replace("mode: BreakGlass", "mode: 1", StringComparison.Ordinal)))).Should().Be(1);
        _plugin.Out.Should().Contain("'1' is not valid; use exactly one of BreakGlass, JustInTime, TimeBoxed");
    }

    [Fact]
    public async Task A_namespace_that_two_files_hold_crashed()
    {
        var ns = _plugin.File("ns.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: payments}\n");
        (await _plugin.RunAsync("test", "-c", _plugin.File("c.yaml", Cases), _plugin.File("p.yaml", Policy), ns, ns)).Should().Be(0, _plugin.Out);
    }

    [Theory]
    [InlineData("", "the file contains no cases")]
    [InlineData("# cases:\n", "the file contains no cases")]
    [InlineData("cases: [null]", "c.yaml:1:9: cases[0] is empty")]
    [InlineData("cases:\n- {decisions: [null], expect: {phase: Active}}", "c.yaml:2:16: cases[0].decisions[0] is empty")]
    [InlineData("cases:\n- {at: '9999-12-31T23:59:59Z', as: {groups: [payments-oncall]}, expect: {phase: Active}}", "is not a valid time")]
    [InlineData("cases:\n- {at: '0001-01-01T00:00:00Z', grants: [{endedBefore: 1h}], expect: {phase: Active}}", "is not a valid time")]
    [InlineData("cases: [", "c.yaml:2:1: invalid YAML")]
    public async Task A_cases_file_without_cases_passed_and_one_with_empty_ones_crashed(string cases, string words)
    {
        (await _plugin.RunAsync("test", "-c", _plugin.File("c.yaml", cases), _plugin.File("p.yaml", Policy))).Should().Be(2);
        _plugin.Error.Should().Contain(words);
    }

    [Fact]
    public async Task A_kind_that_is_none_of_ours_crashed_the_list()
    {
        (await _plugin.RunAsync("list", "pods")).Should().Be(2);
        _plugin.Error.Should().Contain("'pods' is not a known kind");
    }
}
