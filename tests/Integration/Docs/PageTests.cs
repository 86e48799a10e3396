using System.Runtime.Versioning;
using FluentAssertions;
using Xunit;

namespace Integration.Docs;

/// <summary>The commands of the documentation, typed on a real API server by the people they are for.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class PageTests(DocsCluster cluster) : IClassFixture<DocsCluster>
{
    public static TheoryData<string> Typed => [.. Pages.All.Where(p => p.RunElsewhere is null).Select(p => p.File)];

    [Theory]
    [MemberData(nameof(Typed))]
    public Task The_commands_of_a_page_work(string page) => cluster.TypeAsync(Pages.All.Single(p => p.File == page));
}
