using System.Text.RegularExpressions;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Manifests;

/// <summary>Holds the documentation to docs/style.md, for patterns that are wrong in every context.</summary>
public sealed partial class StyleTests
{
    /// <summary>A line must end before this column.</summary>
    private const int Column = 160;

    /// <summary>What must not be written, and the better form.</summary>
    private static readonly (string Pattern, string Better)[] s_wrong =
    [
        (@"\banew\b", "again"),
        (@"\bmend(s|ed|ing)?\b", "correct, repair or restore"),
        (@"\bvouch(es|ed|ing)?\b", "verify, or say what is sealed"),
        (@"\ball\s+the\s+same\b", "anyway or nevertheless"),
        (@"\b(is|are|was|were|be|been)\s+told\b", "is notified, is reported or is recorded"),
        (@"'[^'\n]+'\s+is\s+no\s+(?!longer\b|more\b)", "'x' is not a valid …; use for example …"),
        (@"\bwhoever\b", "anybody who, or the person who"),
        (@"\bby\s+(itself|themselves)\b", "automatically, on its own, or alone"),
        (@"\bat\s+hand\b", "available, current or that exist"),
        (@",\s+since\b", "because, unless it is about time"),
    ];

    /// <summary>Without docs/style.md, which quotes what is wrong, and docs/api.md, which repeats the docstrings of the API's types.</summary>
    private static readonly IReadOnlyList<(string File, string[] Lines)> Pages =
    [
        .. Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot, "docs"), "*.md", SearchOption.AllDirectories)
            .Append(Path.Combine(Golden.RepositoryRoot, "README.md")).Append(Path.Combine(Golden.RepositoryRoot, "config", "README.md"))
            .Select(file => (Path.GetRelativePath(Golden.RepositoryRoot, file), File.ReadAllLines(file)))
            .Where(page => page.Item1 is not ("docs/style.md" or "docs/api.md")).OrderBy(page => page.Item1, StringComparer.Ordinal),
    ];

    [Fact]
    public void The_documentation_uses_the_words_of_the_style_guide() =>
        string.Join('\n', Pages.SelectMany(page => Wrong(page.File, page.Lines))).Should().BeEmpty();

    [Fact]
    public void Prose_ends_before_column_160() =>
        string.Join('\n', Pages.SelectMany(page => WithoutBlocks(page.Lines).Select((line, i) => (page.File, Line: line, Number: i + 1)))
            .Where(at => at.Line.Length >= Column && !at.Line.StartsWith('|'))
            .Select(at => $"{at.File}:{at.Number}: {at.Line.Length} characters; wrap the line before column {Column}")).Should().BeEmpty();

    [Theory]
    [InlineData("ask\nanew", "page.md:2: 'anew'; better: again")]
    [InlineData("it runs all\nthe same", "page.md:1: 'all the same'; better: anyway or nevertheless")]
    [InlineData("'5x' is no duration", "page.md:1: ''5x' is no '; better: 'x' is not a valid …; use for example …")]
    [InlineData("it ends, since its time is over", "page.md:1: ', since'; better: because, unless it is about time")]
    public void What_is_wrong_is_named_with_its_line_and_the_better_form(string text, string message) =>
        Wrong("page.md", text.Split('\n')).Should().Equal(message);

    [Theory]
    [InlineData("it has waited since the deploy")]
    [InlineData("the grant is no longer active, and `anew` is a word")]
    [InlineData("```text\nshown anew\n```\nafter it")]
    public void What_is_right_or_quoted_is_not_named(string text) => Wrong("page.md", text.Split('\n')).Should().BeEmpty();

    private static IEnumerable<string> Wrong(string file, string[] lines)
    {
        var text = InlineCode().Replace(string.Join('\n', WithoutBlocks(lines)), "`code`");
        return s_wrong.SelectMany(wrong => Regex.Matches(text, wrong.Pattern, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5))
            .Select(found => $"{file}:{text[..found.Index].Count(c => c == '\n') + 1}: '{Space().Replace(found.Value, " ")}'; better: {wrong.Better}"));
    }

    /// <summary>The lines of code blocks and of generated figures are empty, so that the numbers of the other lines stay.</summary>
    private static IEnumerable<string> WithoutBlocks(IEnumerable<string> lines)
    {
        var inside = false;
        foreach (var line in lines)
        {
            var fence = line.TrimStart().StartsWith("```", StringComparison.Ordinal) || line.StartsWith("<!-- figures:", StringComparison.Ordinal);
            yield return inside || fence ? "" : line;
            inside ^= fence;
        }
    }

    [GeneratedRegex("`[^`\n]+`", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Space();
}
