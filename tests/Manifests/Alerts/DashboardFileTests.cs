using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace Manifests.Alerts;

/// <summary>config/grafana/breakglass-operator.json as a file. Whether its queries find anything is tried by tests/Integration/Metrics.</summary>
public sealed class DashboardFileTests
{
    private static JsonNode Dashboard { get; } = JsonNode.Parse(File.ReadAllText(Path.Combine(ConfigDirectory.Root, "grafana", "breakglass-operator.json")))!;

    private static IReadOnlyList<JsonNode> Panels { get; } = [.. Dashboard["panels"]!.AsArray().Select(panel => panel!)];

    [Fact]
    public void Every_panel_says_what_it_shows_and_asks_the_chosen_data_source()
    {
        foreach (var panel in Panels.Where(panel => panel["type"]!.GetValue<string>() != "row"))
        {
            var title = panel["title"]!.GetValue<string>();
            panel["description"]!.GetValue<string>().Should().EndWith(".", title);
            panel["targets"]!.AsArray()
                .Should().NotBeEmpty(title).And.OnlyContain(target => target!["datasource"]!["uid"]!.GetValue<string>() == "${datasource}", title);
            panel["targets"]!.AsArray().Select(target => target!["refId"]!.GetValue<string>()).Should().OnlyHaveUniqueItems(title);
        }
    }

    [Fact]
    public void No_panel_covers_another()
    {
        var cells = Panels.Select(panel => panel["gridPos"]!)
            .SelectMany(
            at => Enumerable.Range(Of(at, "x"), Of(at, "w")).SelectMany(x => Enumerable.Range(Of(at, "y"), Of(at, "h")).Select(y => (x, y)))).ToList();
        cells.Should().OnlyHaveUniqueItems().And.OnlyContain(cell => cell.x >= 0 && cell.x < 24);
        Panels.Select(panel => Of(panel, "id")).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void It_uses_no_variable_that_it_does_not_have()
    {
        var known = Dashboard["templating"]!["list"]!.AsArray().Select(variable => "$" + variable!["name"]!.GetValue<string>())
            .Concat(["$__rate_interval", "$__range"]).ToList();
        var used = Panels.SelectMany(panel => panel["targets"]?.AsArray() ?? []).Select(target => target!["expr"]!.GetValue<string>())
            .SelectMany(query => System.Text.RegularExpressions.Regex
                .Matches(query, @"\$\w+", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)).Select(match => match.Value));
        used.Distinct().Should().BeSubsetOf(known);
    }

    [Fact]
    public void It_shows_every_metric_of_the_gateway_that_is_documented_and_no_other()
    {
        static IEnumerable<string> Metrics(string text) => System.Text.RegularExpressions.Regex
            .Matches(text, @"\bgateway_[a-z_]+", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)).Select(match => match.Value);
        var page = File.ReadAllText(Path.Combine(TestKit.Golden.RepositoryRoot, "docs", "gateway.md"));
        var section = page[page.IndexOf("## Metrics", StringComparison.Ordinal)..page.IndexOf("## Troubleshooting", StringComparison.Ordinal)];
        var documented = section.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).SelectMany(line => Metrics(line.Split('|')[1]));
        Panels.SelectMany(panel => panel["targets"]?.AsArray() ?? []).SelectMany(target => Metrics(
            target!["expr"]!.GetValue<string>().Replace("breakglass_operator_", "", StringComparison.Ordinal))).Distinct().Should().BeEquivalentTo(documented);
    }

    private static int Of(JsonNode node, string field) => node[field]!.GetValue<int>();
}
