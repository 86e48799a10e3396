using FluentAssertions;
using TestKit;
using Xunit;

namespace Integration.Docs;

/// <summary>That no command is forgotten.</summary>
public sealed class EveryCommandTests
{
    [Fact]
    public void Every_page_with_commands_is_typed_by_a_test()
    {
        string[] places = ["docs", "config", "charts", "deploy"];
        var pages = places.SelectMany(p => Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot, p), "*.md", SearchOption.AllDirectories))
            .Append(Path.Combine(Golden.RepositoryRoot, "README.md")).Select(p => Path.GetRelativePath(Golden.RepositoryRoot, p));
        pages.Where(p => Fences.Of(p).Count > 0)
            .Should().BeEquivalentTo(Pages.All.Select(p => p.File), "a page with blocks of commands (sh) stands in Docs/Pages.cs, and no other does");
    }

    [Fact]
    public void What_is_said_of_single_blocks_is_said_of_blocks_that_are_there()
    {
        foreach (var page in Pages.All)
        {
            foreach (var special in page.Specials) Fences.Of(page.File)
                .Should().ContainSingle(f => f.Commands.Contains(special.Has, StringComparison.Ordinal), $"{page.File}: '{special.Has}' names one block");
        }
    }

    /// <summary>A command in another kind of block would be shown, and never run.</summary>
    [Fact]
    public void No_block_of_another_kind_holds_commands()
    {
        foreach (var page in Pages.All.Select(p => p.File))
        {
            var text = File.ReadAllText(Path.Combine(Golden.RepositoryRoot, page));
            text.Should().NotMatchRegex(@"```(bash|shell|console)\b").And
                .NotMatchRegex(@"\n\n    (kubectl|helm|make|hack/)", $"{page} writes commands as ```sh");
        }
    }
}
