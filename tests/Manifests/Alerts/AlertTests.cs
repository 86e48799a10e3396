using System.Text.Json.Nodes;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Manifests.Alerts;

/// <summary>config/prometheus/rules.yaml, tried by promtool: each alert when it has to fire and when it must not.</summary>
public sealed class AlertTests
{
    private static readonly string[] Named =
    [
        "BreakGlassActivated", "GrantLingering", "RevocationSlow", "RevocationUnproven", "RevocationObstructed", "ReviewOverdue", "PolicyOverused",
        "PersistenceAttempt", "AccessAfterRevocation", "LockdownEngaged", "VoucherUsed", "RotationOverdue",
        "OperatorDown", "NoLeader", "WebhookFailing", "CertificateExpiring", "ClockSkew", "NotificationsFailing", "AuditEventsRefused", "AuditBacklog",
        "GatewayDown", "GatewayStale", "RecordingFailing", "DrillFailed", "DrillOverdue",
    ];

    private static string TestsFile { get; } = Path.Combine(Golden.RepositoryRoot, "tests", "Manifests", "Alerts", "rules.test.yaml");

    public static TheoryData<string> Alerts => new(Named);

    private static IEnumerable<JsonNode> Cases => YamlText.Parse(File.ReadAllText(TestsFile)).Single()["tests"]!.AsArray().Select(test => test!);

    [PromtoolFact]
    public async Task Promtool_finds_no_fault_in_the_rules()
    {
        var (code, said) = await Promtool.RunAsync(["check", "rules", "--lint=all", "--lint-fatal", "rules.json"], Promtool.Spec);
        code.Should().Be(0, said);
        said.Should().Contain($"{Promtool.Rules.Count} rules found");
    }

    [PromtoolFact]
    public async Task Every_alert_fires_when_it_has_to_and_is_quiet_otherwise()
    {
        var (code, said) = await Promtool.RunAsync(["test", "rules", "rules.test.yaml"], Promtool.Spec, await File.ReadAllTextAsync(TestsFile));
        code.Should().Be(0, said);
    }

    [PromtoolFact]
    public async Task The_records_of_a_day_count_the_first_observation_and_forget_yesterdays()
    {
        var tests = Path.Combine(Path.GetDirectoryName(TestsFile)!, "records.test.yaml");
        var (code, said) = await Promtool.RunAsync(["test", "rules", "rules.test.yaml"], Promtool.Spec, await File.ReadAllTextAsync(tests));
        code.Should().Be(0, said);
    }

    [PromtoolFact]
    public async Task The_tests_notice_an_alert_that_never_fires()
    {
        var broken = Promtool.Spec.DeepClone();
        foreach (var rule in broken["groups"]!.AsArray().SelectMany(group => group!["rules"]!.AsArray()).Where(rule => rule!["alert"] is not null))
            rule!["expr"] = "vector(0) > 1";
        var (code, said) = await Promtool.RunAsync(["test", "rules", "rules.test.yaml"], broken, await File.ReadAllTextAsync(TestsFile));
        code.Should().NotBe(0);
        said.Split('\n').Where(line => line.TrimStart().StartsWith("alertname: ", StringComparison.Ordinal))
            .Select(line => line.Split(["alertname: ", ","], StringSplitOptions.None)[1]).Distinct()
            .Should().BeEquivalentTo(Named, "each alert has a case in which it fires");
    }

    [Fact]
    public void The_alerts_are_those_of_the_contract() =>
        Promtool.Rules.Select(rule => rule["alert"]?.GetValue<string>()).OfType<string>().Should().BeEquivalentTo(Named);

    [Theory]
    [MemberData(nameof(Alerts))]
    public void An_alert_is_tested_firing_and_quiet(string alert)
    {
        var tried = Cases.SelectMany(test => test["alert_rule_test"]?.AsArray() ?? []).Where(check => check!["alertname"]!.GetValue<string>() == alert)
            .Select(check => check!["exp_alerts"]!.AsArray().Count).ToList();
        tried.Should().Contain(0, "there is a case in which it is quiet").And.Contain(count => count > 0, "there is a case in which it fires");
    }

    [Theory]
    [MemberData(nameof(Alerts))]
    public void An_alert_says_how_bad_it_is_what_it_is_and_what_to_do(string alert)
    {
        var rule = Promtool.Rules.Single(rule => rule["alert"]?.GetValue<string>() == alert);
        rule["labels"]!["severity"]!.GetValue<string>().Should().BeOneOf("critical", "warning");
        rule["annotations"]!["summary"]!.GetValue<string>()
            .Should().HaveLength(rule["annotations"]!["summary"]!.GetValue<string>().Trim().Length).And.NotBeEmpty();
        rule["annotations"]!["description"]!.GetValue<string>().Should().EndWith(".").And.NotContain("\n");
        rule["annotations"]!["runbook_url"]!.GetValue<string>().Should().Be($"docs/runbooks/{alert}.md");

        var page = File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "docs", "runbooks", $"{alert}.md"));
        page.Should().StartWith($"# {alert}\n\nSeverity: {rule["labels"]!["severity"]!.GetValue<string>()}. ");
        page.Should().Contain("\n## What to do\n").And.Contain("\n## When it ends\n");
    }

    [Fact]
    public void Every_record_is_tested()
    {
        var tried = string.Join('\n', Cases.SelectMany(test => test["promql_expr_test"]?.AsArray() ?? []).Select(check => check!["expr"]!.GetValue<string>()));
        foreach (var record in Promtool.Rules.Select(rule => rule["record"]?.GetValue<string>()).OfType<string>()) tried.Should().Contain(record);
    }

    [Fact]
    public void Every_runbook_is_of_an_alert() =>
        Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot, "docs", "runbooks"), "*.md").Select(Path.GetFileNameWithoutExtension)
            .Should().BeEquivalentTo(Named);
}
