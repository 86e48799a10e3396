using System.Text.Json;
using System.Text.RegularExpressions;
using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit;
using Xunit;

namespace Manifests;

/// <summary>What the documentation shows is held against the product's own rules.</summary>
public sealed partial class DocsTests
{
    private static readonly IReadOnlyList<(string File, string Text)> Pages =
    [
        .. Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot, "docs"), "*.md", SearchOption.AllDirectories)
            .Append(Path.Combine(Golden.RepositoryRoot, "README.md"))
            .Select(file => (Path.GetRelativePath(Golden.RepositoryRoot, file), File.ReadAllText(file))).OrderBy(page => page.Item1, StringComparer.Ordinal),
    ];

    [Fact]
    public void Every_policy_that_is_shown_passes_the_rules_of_admission()
    {
        var policies = Shown<BreakGlassPolicy>("docs/cookbook.md");
        policies.Count.Should().BeGreaterThan(6);
        foreach (var policy in Pages.SelectMany(page => Shown<BreakGlassPolicy>(page.File)))
            PolicyRules.Check(policy, new CoreSettings()).Should().BeEmpty(policy.Metadata.Name);
        policies.Select(p => p.Spec.Mode).Distinct().Should().BeEquivalentTo([PolicyMode.BreakGlass, PolicyMode.JustInTime, PolicyMode.TimeBoxed]);
        policies.Select(p => p.Metadata.Name).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void Every_grant_of_the_cookbook_is_one_that_its_policy_takes()
    {
        var policies = Shown<BreakGlassPolicy>("docs/cookbook.md").ToDictionary(p => p.Metadata.Name);
        var grants = Shown<BreakGlassGrant>("docs/cookbook.md");
        grants.Should().NotBeEmpty();
        foreach (var grant in grants)
        {
            var policy = policies[grant.Spec.Policy];
            var asked = grant with { Spec = grant.Spec with { Requester = new() { Username = "alice", Groups = [policy.Spec.Requesters[0].Name] } } };
            GrantRules.AtAdmission(asked, policy, SealState.Valid, new CoreSettings()).Should().BeNull(grant.Metadata.Name);
            if (grant.Spec.StartTime is { } start) Schedules.At(policy.Spec.Schedule!, start).Should().NotBeNull($"{grant.Metadata.Name} starts in a window");
        }
    }

    [Fact]
    public void The_tables_of_reasons_know_every_reason_and_no_other()
    {
        var concepts = Pages.Single(page => page.File == "docs/concepts.md").Text;
        var start = concepts.IndexOf("### Why a grant is denied", StringComparison.Ordinal);
        var section = concepts[start..concepts.IndexOf("\n## ", start, StringComparison.Ordinal)];
        var listed = section.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).SelectMany(line => Code().Matches(line.Split('|')[1]))
            .Select(m => m.Groups["word"].Value);
        listed.Should().BeEquivalentTo(DenialReasons.All);
        foreach (var reason in FailureReasons.All) section.Should().Contain($"`{reason}`");
        foreach (var reason in Enum.GetNames<EndReason>()) concepts.Should().Contain($"`{reason}`");
    }

    /// <summary><c>UPDATE_GOLDEN=1</c> writes them anew into the README.</summary>
    [Fact]
    public void The_figures_of_the_README_are_the_measured_ones()
    {
        var measured = Figures("docs/performance.md").TakeWhile(line => line.StartsWith('|'))
            .Select(line => string.Join('|', line.Split('|').Select(cell => cell.Trim().Trim('-')))).ToList();
        measured.Count.Should().BeGreaterThan(5);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            var readme = Path.Combine(Golden.RepositoryRoot, "README.md");
            var lines = measured.Select((line, i) => i == 1
                ? "|---|---|---|---|" : $"| {string.Join(" | ", line.Split('|')[1..^1])} |".Replace("|  |", "| |", StringComparison.Ordinal));
            File.WriteAllText(readme,
                FigureBlock().Replace(File.ReadAllText(readme), m => $"{m.Groups["begin"].Value}{string.Join('\n', lines)}\n{m.Groups["end"].Value}"));
            return;
        }

        Figures("README.md").Select(line => string.Join('|', line.Split('|').Select(cell => cell.Trim().Trim('-'))))
            .Should().Equal(measured, "they are docs/performance.md's (UPDATE_GOLDEN=1 copies them)");
    }

    /// <summary>Anchors are GitHub's: lower case, without punctuation, dashes for spaces.</summary>
    [Fact]
    public void A_link_into_a_page_leads_to_one_of_its_headings()
    {
        var anchors = Pages.ToDictionary(page => page.File, page => Heading().Matches(page.Text)
            .Select(m => Punctuation().Replace(m.Groups["title"].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-')).ToHashSet());
        foreach (var (file, text) in Pages)
        {
            foreach (Match link in Link().Matches(text))
            {
                var target = link.Groups["page"].Length == 0 ? file : Path.GetRelativePath(
                    Golden.RepositoryRoot, Path.Combine(Golden.RepositoryRoot, Path.GetDirectoryName(file)!, link.Groups["page"].Value));
                if (anchors.TryGetValue(target, out var known)) known.Should().Contain(link.Groups["anchor"].Value, $"{file} links to {target}");
            }
        }
    }

    /// <summary>The table between the marks, without what stands above it.</summary>
    private static IEnumerable<string> Figures(string file) =>
        FigureBlock().Match(Pages.Single(page => page.File == file).Text).Groups["figures"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .SkipWhile(line => !line.StartsWith('|'));

    private static IReadOnlyList<T> Shown<T>(string file)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        [
            .. Pages.Where(page => page.File == file).SelectMany(page => Yaml().Matches(page.Text)).SelectMany(m => YamlText.Parse(m.Groups["yaml"].Value))
                .Where(node => node["kind"]?.GetValue<string>() == KubeKinds.Of<T>().Resource.Kind)
                .Select(node => JsonSerializer.Deserialize(node.ToJsonString(), KubeKinds.Of<T>().Json)!),
        ];

    [GeneratedRegex("""^```yaml\n(?<yaml>.*?)^```""", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Yaml();

    [GeneratedRegex("""(?<begin><!-- figures: begin [^\n]*\n)(?<figures>.*?)(?<end><!-- figures: end -->)""",
        RegexOptions.Singleline | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex FigureBlock();

    [GeneratedRegex("`(?<word>[A-Za-z]+)`", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Code();

    [GeneratedRegex("^#{1,6} (?<title>.+)$", RegexOptions.Multiline | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Punctuation();

    [GeneratedRegex(@"\]\((?<page>[^)#:]*)#(?<anchor>[^)]+)\)", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Link();
}
