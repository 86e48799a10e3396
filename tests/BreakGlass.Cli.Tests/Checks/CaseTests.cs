using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core;
using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.Cli.Tests.Checks;

public sealed class CaseTests : IDisposable
{
    private readonly PluginHarness _plugin = new();

    public void Dispose() => _plugin.Dispose();

    private static string Example(string name) => Path.Combine(Golden.RepositoryRoot, "docs", "examples", name);

    [Fact]
    public async Task The_example_of_the_documentation_passes()
    {
        (await _plugin.RunAsync("test", "--cases", Example("cases.yaml"), Example("policies.yaml"))).Should().Be(0, _plugin.Out);
        Golden.Check(_plugin.Out, "cases.txt");
        _plugin.Error.Should().EndWith(" passed, 0 failed\n");
    }

    [Theory]
    [InlineData("{as: {groups: [payments-oncall]}, ask: {ticket: INC-1}, expect: {phase: Denied}}",
        "expected the phase Denied. Result: Active (NotRequired) for 30m: ClusterRole/edit in payments, to be reviewed.")]
    [InlineData("{as: {groups: [payments-oncall]}, expect: {phase: Active}}",
        "expected the phase Active. Result: Denied (TicketMissing): spec.ticket: the policy requires a ticket that matches ^INC-[0-9]+$.")]
    [InlineData("{as: {groups: [payments-oncall]}, ask: {ticket: INC-1, for: 10m}, expect: {duration: 20m}}",
        "expected 20m of access. Result: Active (NotRequired) for 10m")]
    [InlineData("{policy: nothing, expect: {phase: Active}}", "policy 'nothing' is not in the files; they contain")]
    [InlineData("{policy: weekend, expect: {phase: Active}}", "must set its time")]
    [InlineData("{policy: payments-oncall}", "the case has no expectation")]
    public async Task A_case_that_fails_says_what_came_out_instead(string play, string words)
    {
        var withPolicy = play.Contains("policy:", StringComparison.Ordinal)
            ? play : play.Replace("{as:", "{policy: payments-oncall, as:", StringComparison.Ordinal);
        (await _plugin.RunAsync("test", "-c", _plugin.File("cases.yaml", $"cases:\n- {withPolicy}\n"), Example("policies.yaml"))).Should().Be(1);
        _plugin.Out.Should().Contain("cases.yaml:2:").And.Contain(words).And.Contain("FAIL  case 1");
    }

    [Theory]
    [InlineData("cases:\n- {name: x, expects: {phase: Active}}", "cases.yaml:2:13: 'cases[0].expects' is not a field")]
    [InlineData("cases:\n- {name: x, ask: {for: 30}}", "'cases[0].ask.for' is not a field of a cases file, or its value is not valid")]
    [InlineData("cases:\n- {name: x, policy: payments-oncall, after: soon}", "'soon' is not a valid duration")]
    [InlineData("things: []", "'things' is not a field")]
    [InlineData("cases: []", "the file contains no cases")]
    public async Task A_cases_file_that_cannot_be_understood_is_explained(string text, string words)
    {
        (await _plugin.RunAsync("test", "-c", _plugin.File("cases.yaml", text), Example("policies.yaml"))).Should().Be(2);
        _plugin.Error.Should().Contain(words);
    }

    [Fact]
    public async Task Pipelines_get_junit_and_code_hosts_get_sarif_with_the_case_that_failed()
    {
        var cases = "cases:\n- {name: no ticket, policy: payments-oncall, as: {groups: [payments-oncall]}, expect: {phase: Active}}\n- {name: a ticket, "
            + "policy: payments-oncall, as: {groups: [payments-oncall]}, ask: {ticket: INC-1}, expect: {phase: Active}}\n";
        var file = _plugin.File("cases.yaml", cases);
        (await _plugin.RunAsync("test", "-c", file, Example("policies.yaml"), "-o", "junit")).Should().Be(1);
        Golden.Check(_plugin.Out.Replace(_plugin.Directory, "", StringComparison.Ordinal), "cases.xml");
        _plugin.Clear();
        await _plugin.RunAsync("test", "-c", file, Example("policies.yaml"), "-o", "sarif");
        Golden.Check(_plugin.Out.Replace(_plugin.Directory, "", StringComparison.Ordinal)
            .Replace($"\"version\": \"{ThisVersion.Text.Split('+')[0]}\"", "\"version\": \"VERSION\"", StringComparison.Ordinal), "cases.sarif");
    }
}
