using System.Text.RegularExpressions;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Manifests;

/// <summary>Holds documentation, messages and descriptions of fields to docs/style.md, for patterns that are wrong in every context.</summary>
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

    /// <summary>The descriptions of fields, as kubectl explain shows them.</summary>
    private const string Descriptions = "docs/api.md";

    /// <summary>Without docs/style.md, which quotes what is wrong.</summary>
    private static readonly IReadOnlyList<(string File, string[] Lines)> Pages =
    [
        .. Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot, "docs"), "*.md", SearchOption.AllDirectories)
            .Append(Path.Combine(Golden.RepositoryRoot, "README.md")).Append(Path.Combine(Golden.RepositoryRoot, "config", "README.md"))
            .Select(file => (Path.GetRelativePath(Golden.RepositoryRoot, file), File.ReadAllLines(file)))
            .Where(page => page.Item1 != "docs/style.md").OrderBy(page => page.Item1, StringComparer.Ordinal),
    ];

    [Fact]
    public void The_documentation_uses_the_words_of_the_style_guide() =>
        string.Join('\n', Pages.SelectMany(page => Wrong(page.File, page.Lines))).Should().BeEmpty();

    [Fact]
    public void Messages_in_the_code_use_the_words_of_the_style_guide() =>
        string.Join('\n', Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot, "src"), "*.cs", SearchOption.AllDirectories)
            .Select(file => (Name: Path.GetRelativePath(Golden.RepositoryRoot, file), Path: file))
            .Where(file => !file.Name.Contains("/obj/", StringComparison.Ordinal))
            .OrderBy(file => file.Name, StringComparer.Ordinal)
            .SelectMany(file => Wrong(file.Name, [.. Literals(File.ReadAllLines(file.Path))]))).Should().BeEmpty();

    [Fact]
    public void Prose_ends_before_column_160() =>
        string.Join('\n', Pages.Where(page => page.File != Descriptions)
            .SelectMany(page => WithoutBlocks(page.Lines).Select((line, i) => (page.File, Line: line, Number: i + 1)))
            .Where(at => at.Line.Length >= Column && !at.Line.StartsWith('|'))
            .Select(at => $"{at.File}:{at.Number}: {at.Line.Length} characters; wrap the line before column {Column}")).Should().BeEmpty();

    /// <summary>What cannot be broken may go on: the content of raw strings, and the keys of an RFC.</summary>
    [Fact]
    public void Code_ends_before_column_160() =>
        string.Join('\n', new[] { "src", "tests" }
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot, folder), "*.cs", SearchOption.AllDirectories))
            .Select(file => (Name: Path.GetRelativePath(Golden.RepositoryRoot, file), Path: file))
            .Where(file => !file.Name.Contains("/obj/", StringComparison.Ordinal) && Path.GetFileName(file.Name) != "RecipientKeyTests.cs")
            .SelectMany(file => OutsideRawStrings(File.ReadAllLines(file.Path)).Select((line, i) => (file.Name, Line: line, Number: i + 1)))
            .Where(at => at.Line.Length >= Column)
            .Select(at => $"{at.Name}:{at.Number}: {at.Line.Length} characters; wrap the line before column {Column}")).Should().BeEmpty();

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

    [Theory]
    [InlineData("throw new(\"'x' is no name\");", "Code.cs:1: ''x' is no '; better: 'x' is not a valid …; use for example …")]
    [InlineData("var a = $\"{n} was told\"; // anew", "Code.cs:1: 'was told'; better: is notified, is reported or is recorded")]
    [InlineData("    /// <summary>asks anew</summary>", "")]
    [InlineData("var text = \"\"\"\n    asks anew\n    \"\"\";", "Code.cs:2: 'anew'; better: again")]
    public void What_is_wrong_in_a_string_is_named_and_comments_are_not_read(string code, string message) =>
        string.Join('\n', Wrong("Code.cs", [.. Literals(code.Split('\n'))])).Should().Be(message);

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
            var fence = line.TrimStart().StartsWith("```", StringComparison.Ordinal) || line.StartsWith("<!-- figures:", StringComparison.Ordinal)
                || line.StartsWith("<!-- gateway:", StringComparison.Ordinal);
            yield return inside || fence ? "" : line;
            inside ^= fence;
        }
    }

    /// <summary>The lines of raw strings are empty, so that the numbers of the other lines stay.</summary>
    private static IEnumerable<string> OutsideRawStrings(IEnumerable<string> lines)
    {
        var inside = false;
        foreach (var line in lines)
        {
            var fences = line.Split("\"\"\"").Length - 1;
            yield return inside || fences > 0 ? "" : line;
            inside ^= fences % 2 == 1;
        }
    }

    /// <summary>What the string literals of each line contain. Lines without one are empty, so that the numbers of the other lines stay.</summary>
    private static IEnumerable<string> Literals(IEnumerable<string> lines)
    {
        var inside = false;
        foreach (var line in lines)
        {
            var fence = line.Split("\"\"\"").Length % 2 == 0;
            yield return inside || fence ? line
                : line.TrimStart().StartsWith("//", StringComparison.Ordinal) ? ""
                : string.Join(' ', Literal().Matches(line).Select(literal => literal.Groups["text"].Value));
            inside ^= fence;
        }
    }

    [GeneratedRegex("\"(?<text>(?:[^\"\\\\]|\\\\.)*)\"", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Literal();

    [GeneratedRegex("`[^`\n]+`", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Space();
}
