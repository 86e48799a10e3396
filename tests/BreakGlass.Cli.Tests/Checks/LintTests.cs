using System.Text.Json.Nodes;
using System.Xml.Linq;
using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core;
using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.Cli.Tests.Checks;

public sealed class LintTests : IDisposable
{
    private const string Bad = """
        # what a tired person writes
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassPolicy
        metadata:
          name: payments-oncall
        spec:
          mode: BreakGlass
          requestors:
          - {kind: Group, name: payments-oncall}
          requesters:
          - {kind: Group, name: system:authenticated}
          access:
          - name: payments
            roleRef: {kind: ClusterRole, name: edit}
            namespaces: [payments]
            clusterWide: true
          duration: {default: 2h, max: 24h}
          approval:
            approvers: [{kind: Group, name: commanders}]
        ---
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassPolicy
        metadata: {name: second}
        spec:
          mode: breakglass
        ---
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlasPolicy
        metadata: {name: third}
        """;

    private const string Good = """
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassPolicy
        metadata: {name: payments-oncall}
        spec:
          mode: BreakGlass
          requesters: [{kind: Group, name: payments-oncall}]
          access: [{name: payments, roleRef: {kind: ClusterRole, name: edit}, namespaces: [payments]}]
          limits: {maxActive: 3, cooldown: 5m}
          review: {reviewers: [{kind: Group, name: security}]}
        """;

    private readonly PluginHarness _plugin = new();

    public void Dispose() => _plugin.Dispose();

    [Theory]
    [InlineData("namespaces: [payments]", "clusterWide: true", "ReadsSealKeys", "namespaceSelector")]
    [InlineData("limits: {maxActive: 3, cooldown: 5m}", "retainFor: 1s", "NoLimits", "any number of grants")]
    [InlineData("limits: {", "retainFor: 1s\n  limits: {", "RecordTooShort", "before anybody looks at it")]
    [InlineData("limits: {", "duration: {max: 12h}\n  limits: {", "VeryLong", "a whole shift")]
    [InlineData("review: {", "allowPersistence: [impersonate]\n  review: {", "ImpersonationUnseen", "has no effect")]
    public async Task What_is_allowed_and_misleads_is_a_warning(string from, string to, string rule, string words)
    {
        (await _plugin.RunAsync("lint", "--strict", _plugin.File("p.yaml", Good.Replace(from, to, StringComparison.Ordinal)))).Should().Be(1);
        _plugin.Out.Should().Contain(rule).And.Contain(words);
    }

    [Fact]
    public async Task A_good_policy_passes_in_silence()
    {
        (await _plugin.RunAsync("lint", _plugin.File("good.yaml", Good))).Should().Be(0, _plugin.Out);
        _plugin.Out.Should().BeEmpty();
        _plugin.Error.Should().Be("1 checked: 0 error(s), 0 warning(s)\n");
    }

    [Fact]
    public async Task What_admission_would_refuse_is_found_with_its_place_before_it_is_merged()
    {
        (await LintAsync("text", Bad)).Should().Be(1);
        Golden.Check(_plugin.Out, "lint.txt");
    }

    [Fact]
    public async Task Code_hosts_get_sarif()
    {
        (await LintAsync("sarif", Bad)).Should().Be(1);
        Golden.Check(_plugin.Out.Replace($"\"version\": \"{ThisVersion.Text.Split('+')[0]}\"", "\"version\": \"VERSION\"", StringComparison.Ordinal),
            "lint.sarif");
        var run = JsonNode.Parse(_plugin.Out)!["runs"]![0]!;
        run["results"]!.AsArray().Should().OnlyContain(
            r => run["tool"]!["driver"]!["rules"]![r!["ruleIndex"]!.GetValue<int>()]!["id"]!.GetValue<string>() == r["ruleId"]!.GetValue<string>());
    }

    [Fact]
    public async Task Pipelines_get_junit()
    {
        (await LintAsync("junit", Bad)).Should().Be(1);
        Golden.Check(_plugin.Out, "lint.xml");
        XDocument.Parse(_plugin.Out).Root!.Attribute("failures")!.Value.Should().Be("3");
    }

    [Fact]
    public async Task A_file_that_is_no_yaml_is_one_finding_and_the_others_are_checked_all_the_same()
    {
        var broken = _plugin.File("a.yaml", "spec: [1, 2\nkind: x");
        (await _plugin.RunAsync("lint", broken, _plugin.File("b.yaml", Good), "-o", "json")).Should().Be(1);
        var report = JsonNode.Parse(_plugin.Out)!;
        report["checked"]!.GetValue<int>().Should().Be(2);
        report["failed"]!.GetValue<int>().Should().Be(1);
    }

    [Fact]
    public async Task Warnings_fail_only_where_they_shall()
    {
        var file = _plugin.File("p.yaml", Good.Replace("  review: {reviewers: [{kind: Group, name: security}]}\n", "", StringComparison.Ordinal)
            .Replace("  review: {reviewers: [{kind: Group, name: security}]}", "", StringComparison.Ordinal));
        (await _plugin.RunAsync("lint", file)).Should().Be(0);
        _plugin.Out.Should().Contain("[NoReviewers]");
        (await _plugin.RunAsync("lint", "--strict", file)).Should().Be(1);
    }

    [Fact]
    public async Task Roles_in_the_files_are_looked_through()
    {
        _plugin.Input = Good.Replace("name: edit", "name: ops", StringComparison.Ordinal) + """

            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata: {name: ops}
            rules:
            - {apiGroups: [rbac.authorization.k8s.io], resources: [rolebindings], verbs: [create]}
            - {apiGroups: [apps], resources: ["*"], verbs: [get]}
            """;
        (await _plugin.RunAsync("lint", "-")).Should().Be(0);
        _plugin.Out.Should().Contain("<stdin>:7:29: warning: spec.access[0].roleRef: ClusterRole/ops lets its holder gain more rights").And
            .Contain("[RoleHasWildcard]");
    }

    [Fact]
    public async Task Nothing_of_ours_in_the_files_is_a_mistake_and_not_a_success()
    {
        (await _plugin.RunAsync("lint", _plugin.File("x.yaml", "a: 1"))).Should().Be(2);
        (await _plugin.RunAsync("lint", Path.Combine(_plugin.Directory, "missing.yaml"))).Should().Be(1);
        _plugin.Error.Should().Contain("missing.yaml");
    }

    [Fact]
    public async Task Every_sample_that_is_shipped_passes() =>
        (await _plugin.RunAsync("lint", Path.Combine(Golden.RepositoryRoot, "config", "samples", "policy.yaml"))).Should().Be(0, _plugin.Out);

    private Task<int> LintAsync(string format, string text)
    {
        _plugin.Input = text;
        return _plugin.RunAsync("lint", "-", "--output", format);
    }
}
