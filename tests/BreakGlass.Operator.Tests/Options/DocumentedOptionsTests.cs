using BreakGlass.Operator.Options;
using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Options;

/// <summary>The table of options in docs/operations.md is that of the program.</summary>
public sealed class DocumentedOptionsTests
{
    [Fact]
    public async Task The_documented_options_are_those_of_the_help()
    {
        var documented = (await File.ReadAllLinesAsync(Path.Combine(Golden.RepositoryRoot, "docs", "operations.md")))
            .Where(line => line.StartsWith("| `--", StringComparison.Ordinal));
        documented.Should().Equal(OptionTable.All.Select(Row));
    }

    private static string Row(Option option) => $"| {Code(option.Value is null ? $"--{option.Name}" : $"--{option.Name} {option.Value}")} "
        + $"| {Code(option.Variable ?? "")} | {Code(option.Show(new OperatorOptions()))} | {option.Help} |";

    private static string Code(string text) => text.Length == 0 ? "" : $"`{text}`";
}
