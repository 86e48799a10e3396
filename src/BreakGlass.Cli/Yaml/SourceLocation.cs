namespace BreakGlass.Cli.Yaml;

/// <summary>A place in a file, counted from one.</summary>
internal sealed record SourceLocation(long Line, long Column);
