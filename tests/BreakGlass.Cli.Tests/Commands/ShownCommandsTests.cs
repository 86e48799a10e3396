using System.CommandLine;
using System.Text.RegularExpressions;
using BreakGlass.Cli.Hosting;
using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.Cli.Tests.Commands;

/// <summary>
/// What pages say in passing: blocks of commands are run by the integration tests, a command within a sentence is at least one that there is.
/// </summary>
public sealed partial class ShownCommandsTests
{
    private static readonly string s_root = Golden.RepositoryRoot;

    private static readonly IReadOnlyList<(string Page, string Text)> s_pages =
    [
        .. new[] { "docs", "config", "charts", "deploy" }.SelectMany(
            d => Directory.EnumerateFiles(Path.Combine(s_root, d), "*.md", SearchOption.AllDirectories)).Append(Path.Combine(s_root, "README.md"))
            .Select(p => (Path.GetRelativePath(s_root, p), File.ReadAllText(p))),
    ];

    [Fact]
    public void The_plugin_understands_its_commands()
    {
        // The name of a command alone is talk about it.
        var shown = s_pages.SelectMany(p => Plugin().Matches(p.Text).Select(m => (p.Page, Words: m.Groups["words"].Value)))
            .Where(s => char.IsAsciiLetterLower(s.Words[0]) && s.Words.Contains(' ', StringComparison.Ordinal)).ToList();
        shown.Count.Should().BeGreaterThan(6);
        foreach (var (page, words) in shown)
        {
            var root = CommandLine.Root(new Invocation(Host(), []));
            var line = Word().Matches(words).Select(m => m.Value.Trim('"', '\'')).ToArray();
            root.Parse(line).Errors.Select(e => e.Message).Should().BeEmpty($"{page} shows 'kubectl breakglass {words}'");
        }
    }

    [Fact]
    public void Make_has_its_targets_and_kustomize_its_directories()
    {
        var makefile = File.ReadAllText(Path.Combine(s_root, "Makefile"));
        foreach (var (page, text) in s_pages)
        {
            foreach (Match target in Make().Matches(text)) makefile.Should().Contain($"\n{target.Groups["target"].Value}: ##", page);
            foreach (Match directory in Kustomize().Matches(text)) File.Exists(Path.Combine(s_root, directory.Groups["directory"].Value, "kustomization.yaml"))
                .Should().BeTrue($"{page} shows {directory.Value}");
        }
    }

    private static CliHost Host() => new()
    {
        Out = TextWriter.Null, Error = TextWriter.Null, Input = TextReader.Null, Variable = _ => null, SetVariable = (_, _) => { }, Time = TimeProvider.System,
        Connect = _ => throw new InvalidOperationException("nothing is run here"), RunChild = (_, _) => throw new InvalidOperationException(
            "nothing is run here"), CredentialDirectory = "", Interruptions = new(),
    };

    [GeneratedRegex("`kubectl breakglass (?<words>[^`…]+(?:…[^`]*)?)`", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Plugin();

    [GeneratedRegex("""(?:"[^"]*"|'[^']*'|[^\s"']+)""", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Word();

    [GeneratedRegex("`make (?<target>[a-z-]+)", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Make();

    [GeneratedRegex("kubectl (apply|delete)( --[a-z=-]+)* -k (?<directory>config/[a-z0-9./-]+)",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Kustomize();
}
