using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using BreakGlass.Core.Rules;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Integration.Crds;

/// <summary>Each rule stands twice, in CEL and in C#: both say the same to the same object, in the same words.</summary>
[Collection(CrdTests.Name)]
public sealed partial class RuleTests(CrdFixture crds)
{
    private readonly List<string> _differ = [];

    [ServerFact(MinMinor = 25)]
    public async Task Every_rule_of_the_schemas_refuses_what_its_twin_in_CSharp_refuses_and_says_the_same()
    {
        var definitions = JsonNode.Parse(
            await crds.ControlPlane.AdminAsync(["get", "crd", "-o", "json", "-l", "app.kubernetes.io/name=breakglass-operator"]))!["items"]!.AsArray();
        var rules = definitions.SelectMany(
            crd => Rules(crd!["spec"]!["names"]!["kind"]!.ToString(), "", crd["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!)).ToList();
        var broken = new HashSet<Rule>();
        foreach (var (row, i) in RuleRow.All.Select((row, i) => (row, i))) broken.UnionWith(await TryAsync(row, i, rules));

        _differ.Should().BeEmpty();
        rules.Should().HaveCountGreaterThan(30).And.OnlyHaveUniqueItems();
        rules.Except(broken).Should().BeEmpty("each rule has a row that it refuses (RuleRow.All)");
    }

    /// <summary>Has both judge a row, and gives the rules in CEL that it breaks.</summary>
    private async Task<IReadOnlyList<Rule>> TryAsync(RuleRow row, int number, IReadOnlyList<Rule> rules)
    {
        var (before, after) = (default(JsonObject), row.Created);
        CommandResult answer;
        if (row.Before is null)
        {
            answer = await crds.ControlPlane.KubectlAsync(crds.ControlPlane.AdminKubeconfig, ["create", "--dry-run=server", "-f", "-"], after.ToJsonString());
        }
        else
        {
            var name = $"rules-{number}";
            before = (await crds.CreateAsync(row.Kind, name, after["spec"]!.ToJsonString())).AsObject();
            after = RuleRow.Merge(before.DeepClone().AsObject(), row.Change);
            answer = await crds.PatchAsync($"{row.Kind}.v1alpha1.breakglass.dev", name, row.Change, "--dry-run=server");
        }

        var problems = RuleRow.InCSharp(before, after);
        var refused = rules.Where(rule => rule.Kind == row.Kind && rule.IsSaidIn(answer.Error)).ToList();
        if ((answer.ExitCode != 0) != (refused.Count > 0)) _differ.Add($"{row}: the API server refuses it for something else: {answer.Error}");
        if ((refused.Count > 0) != (problems.Count > 0))
            _differ.Add($"{row}: the API server says '{answer.Error}', the operator '{string.Join("; ", problems)}'");
        _differ.AddRange(
            refused.Where(rule => !problems.Any(rule.SaysTheSame)).Select(rule => $"{row}: {rule} has no twin among '{string.Join("; ", problems)}'"));
        return refused;
    }

    private static IEnumerable<Rule> Rules(string kind, string path, JsonNode schema)
    {
        foreach (var rule in schema["x-kubernetes-validations"]?.AsArray() ?? [])
            yield return new(kind, path, rule!["rule"]!.ToString(), rule["message"]!.ToString());
        var inside = (schema["properties"]?.AsObject() ?? []).Select(p => ($"{path}.{p.Key}".TrimStart('.'), p.Value!));
        if (schema["items"] is { } item) inside = inside.Append(($"{path}[*]", item));
        foreach (var rule in inside.SelectMany(field => Rules(kind, field.Item1, field.Item2))) yield return rule;
    }

    /// <summary>A rule in CEL.</summary>
    private sealed partial record Rule(string Kind, string Path, string Expression, string Message)
    {
        /// <summary>
        /// Whether the API server's answer is that of this rule: <c>spec.access[0]: Invalid value: "object": MESSAGE</c>, where newer servers show no
        /// object, and a boolean has no quotes.
        /// </summary>
        public bool IsSaidIn(string error) => Regex.IsMatch(
            error, $@"(?<![\w.]){Regex.Escape(Path).Replace(@"\[\*]", @"\[[0-9]+]")}: Invalid value: ((""[^""]*""|true|false): )?{Regex.Escape(Message)}",
            RegexOptions.None, TimeSpan.FromSeconds(5));

        /// <summary>Whether a problem is the same in C#: about the same field and in the same words, beside which it may name what was written.</summary>
        public bool SaysTheSame(Problem problem) =>
            problem.Message.Contains(Named().Replace(Message, ""), StringComparison.Ordinal)
            && $"{Path}.{Named().Match(Message).Groups["field"].Value}".Contains(Index().Replace(problem.Field, "").Split('.')[^1], StringComparison.Ordinal);

        [GeneratedRegex(@"\[[0-9]+]", RegexOptions.None, 1000)]
        private static partial Regex Index();

        [GeneratedRegex(@"^(?<field>[\w.]+): ", RegexOptions.None, 1000)]
        private static partial Regex Named();
    }
}
