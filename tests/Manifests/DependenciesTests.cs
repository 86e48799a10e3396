using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Manifests;

/// <summary>docs/dependencies.md says what the project stands on and what it writes itself. Both change with the code.</summary>
public sealed partial class DependenciesTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "docs", "dependencies.md"));

    [Fact]
    public void The_lines_that_are_written_by_hand_are_about_as_many_as_the_page_says()
    {
        var rows = Rows().Matches(Page);
        rows.Count.Should().BeGreaterThan(20);

        foreach (Match row in rows)
        {
            var paths = Paths().Matches(row.Groups["where"].Value).Select(path => path.Groups["path"].Value);
            var lines = paths.SelectMany(Sources).Sum(file => File.ReadLines(file).Count());
            var said = int.Parse(row.Groups["lines"].Value, CultureInfo.InvariantCulture);

            // A fifth: no commit has to touch the page for a few lines, and nothing doubles unseen.
            said.Should().BeCloseTo(lines, (uint)Math.Max(20, lines / 5), $"'{row.Groups["what"].Value}' has {lines} lines");
        }
    }

    [Fact]
    public void Every_package_in_use_has_a_row_with_its_licence()
    {
        var props = XDocument.Load(Path.Combine(Golden.RepositoryRoot, "Directory.Packages.props"));
        var packages = props.Descendants("PackageVersion").Select(p => p.Attribute("Include")!.Value).ToList();
        var tables = Page[..Page.IndexOf("## What the project writes itself", StringComparison.Ordinal)].Split('\n').Where(line => line.StartsWith('|'));

        // The first column, without the major version that some have beside their name.
        var named = tables.SelectMany(row => row.Split('|')[1].Split(',')).Select(name => name.Trim().Split(' ')[0]).ToHashSet(StringComparer.Ordinal);

        packages.Should().NotBeEmpty();
        packages.Should().OnlyContain(package => named.Contains(package));
    }

    private static IEnumerable<string> Sources(string path)
    {
        var full = Path.Combine(Golden.RepositoryRoot, path);
        return path.EndsWith(".cs", StringComparison.Ordinal) ? [full] : Directory.EnumerateFiles(full, "*.cs", SearchOption.AllDirectories);
    }

    [GeneratedRegex(
        @"^\| (?<what>[^|]+) \| (?<where>`(?:src|tests)/[^|]+) \| (?<lines>\d+) \| [^|]+ \|$", RegexOptions.Multiline | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Rows();

    [GeneratedRegex("`(?<path>[^`]+)`", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Paths();
}
