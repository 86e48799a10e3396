using System.Globalization;
using FluentAssertions;
using Integration.Docs;
using TestKit;
using Xunit;

namespace Integration.Tour;

/// <summary>
/// The newcomer's path: the chart on a real API server behind real webhooks, a policy of a pipeline, a request, an approval, the work, the evidence,
/// the review, the end of it all. The README's commands are what runs; what it shows is what must come out.
/// </summary>
public sealed class TourTests
{
    private const string Section = "A tour of five minutes";

    [Fact]
    public async Task What_the_tour_of_the_README_shows_is_what_its_commands_do()
    {
        var written = Directory.CreateTempSubdirectory("breakglass-tour-").FullName;
        try
        {
            var (code, said) = await Shell.RunAsync(
                Path.Combine(Golden.RepositoryRoot, "hack", "tour.sh"), [],
                new Dictionary<string, string> { ["TRANSCRIPT"] = written, ["TOUR_BUILD"] = new DirectoryInfo(AppContext.BaseDirectory).Name },
                limit: TimeSpan.FromMinutes(10));
            code.Should().Be(0, said);

            var blocks = Fences.Of("README.md", Section);
            blocks.Count.Should().BeGreaterThan(8);
            foreach (var (block, number) in blocks.Select((b, i) => (b, i + 1)))
            {
                var output = await File.ReadAllTextAsync(Path.Combine(written, $"{number.ToString(CultureInfo.InvariantCulture)}.out"));
                Transcript.Matches(block.Shown ?? "", output)
                    .Should().BeTrue($"{block}\nshows\n{block.Shown}\nand what came out is\n{Transcript.ForPeople(output)}");
            }
        }
        finally
        {
            Directory.Delete(written, recursive: true);
        }
    }
}
