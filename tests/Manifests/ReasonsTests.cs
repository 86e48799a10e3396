using System.Reflection;
using System.Text.RegularExpressions;
using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Manifests;

/// <summary>Holds the conditions, reasons and events in the documentation and in the code against each other, in both directions.</summary>
public sealed partial class ReasonsTests
{
    /// <summary>Where the words are defined, as constants.</summary>
    private static readonly Type[] s_words =
    [
        typeof(GrantConditions), typeof(PolicyConditions), typeof(LockdownConditions), typeof(AuthorityConditions), typeof(DenialReasons),
        typeof(FailureReasons), typeof(EventReasons),
        typeof(DrillConditions), typeof(DrillReasons),
    ];

    /// <summary>Also the API server's own reason, which the operator reads.</summary>
    private const string ServersReason = "NamespaceTerminating";

    private static readonly string s_concepts = Read("docs/concepts.md") + "\n## ";

    public static TheoryData<string, Type, string[]> Tables => new()
    {
        { "### Conditions of a policy", typeof(PolicyConditions), [] },
        { "## Lockdown", typeof(LockdownConditions), [] },
        { "## Vouchers", typeof(AuthorityConditions), [] },
        { "## Drill", typeof(DrillConditions), [.. DrillReasons.All] },
        {
            "### Conditions of a grant", typeof(GrantConditions),
            [
                .. FailureReasons.All, .. DenialReasons.All, .. Enum.GetNames<EndReason>(), .. ApiWords.Each(ApiWords.Outcomes), "Approved",
                nameof(GrantPhase.AwaitingApproval), nameof(GrantPhase.Scheduled), nameof(GrantPhase.Denied),
            ]
        },
    };

    [Theory]
    [MemberData(nameof(Tables))]
    public void The_table_of_conditions_has_every_type_and_reason_and_no_other(string section, Type constants, string[] others)
    {
        var documented = Rows(section).SelectMany(row => Code().Matches(row[1] + row[3])).Select(m => m.Groups["word"].Value).ToHashSet();
        documented.Except(others).Should().BeSubsetOf(Values(constants));
        Values(constants).Should().BeSubsetOf(documented);
    }

    [Fact]
    public void The_table_of_events_has_every_reason_and_no_other() =>
        Rows("## Events").SelectMany(row => Code().Matches(row[1])).Select(m => m.Groups["word"].Value).Should().BeEquivalentTo(Values(typeof(EventReasons)));

    [Fact]
    public void Every_event_is_one_that_a_receiver_can_choose()
    {
        var field = Read("docs/notifications.md").Split('\n').Single(line => line.StartsWith("| `events`", StringComparison.Ordinal));
        Code().Matches(field).Select(m => m.Groups["word"].Value).Should().BeEquivalentTo(EventReasons.All);
    }

    [Fact]
    public void The_lists_have_every_constant_of_their_class()
    {
        DenialReasons.All.Should().BeEquivalentTo(Values(typeof(DenialReasons)));
        FailureReasons.All.Should().BeEquivalentTo(Values(typeof(FailureReasons)));
        EventReasons.All.Should().BeEquivalentTo(Values(typeof(EventReasons)));
        DrillReasons.All.Should().BeEquivalentTo(Values(typeof(DrillReasons)));
    }

    [Fact]
    public void No_reason_and_no_type_of_condition_is_written_as_a_literal()
    {
        var defined = s_words.Select(type => $"src/BreakGlass.Core/Model/{type.Name}.cs").ToHashSet();
        var words = s_words.SelectMany(Values).Where(word => word != ServersReason).ToHashSet();
        var found = new[] { "Core", "Operator", "Cli" }
            .Select(project => Path.Combine(Golden.RepositoryRoot, "src", $"BreakGlass.{project}"))
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
            .Select(file => Path.GetRelativePath(Golden.RepositoryRoot, file).Replace('\\', '/'))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !defined.Contains(file))
            .SelectMany(file => File.ReadLines(Path.Combine(Golden.RepositoryRoot, file)).Where(line => !Comment().IsMatch(line))
                .SelectMany(line => Literal().Matches(line)).Where(m => words.Contains(m.Groups["word"].Value)).Select(m => $"{file}: {m.Value}"));
        string.Join('\n', found).Should().BeEmpty("BreakGlass.Core.Model has a constant for it");
    }

    private static IReadOnlyList<string> Values(Type constants) => [.. constants.GetFields(BindingFlags.Public | BindingFlags.Static | BindingFlags.NonPublic)
        .Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!)];

    private static IEnumerable<string[]> Rows(string section)
    {
        var from = s_concepts.IndexOf(section + "\n", StringComparison.Ordinal);
        var rest = s_concepts[(from + section.Length)..];
        var end = rest.IndexOf("\n## ", StringComparison.Ordinal);
        var next = rest.IndexOf("\n### ", StringComparison.Ordinal);
        return rest[..(next >= 0 && next < end ? next : end)].Split('\n').Where(line => line.StartsWith('|') && line.Contains('`'))
            .Select(line => line.Split('|'));
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(Golden.RepositoryRoot, file));

    [GeneratedRegex("`(?<word>[A-Z][A-Za-z]+)`", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Code();

    /// <summary>The titles of columns in an attribute are no reasons either.</summary>
    [GeneratedRegex(@"^\s*(?://|\[GenericAdditionalPrinterColumn)", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Comment();

    [GeneratedRegex("\"(?<word>[A-Z][A-Za-z]+)\"", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Literal();
}
