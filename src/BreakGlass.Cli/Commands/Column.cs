namespace BreakGlass.Cli.Commands;

/// <summary>A column of the table of a kind.</summary>
internal sealed record Column<T>(string Heading, Func<T, Cell> Value, bool OnlyWide = false);
