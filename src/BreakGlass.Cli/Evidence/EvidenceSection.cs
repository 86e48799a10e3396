namespace BreakGlass.Cli.Evidence;

/// <summary>A table of a report.</summary>
/// <param name="Title">What it is about.</param>
/// <param name="Columns">Its columns; empty where rows are a name and a value.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Otherwise">What is said where there is no row.</param>
internal sealed record EvidenceSection(string Title, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows, string Otherwise);
