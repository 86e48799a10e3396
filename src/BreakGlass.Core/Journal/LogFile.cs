namespace BreakGlass.Core.Journal;

/// <summary>A file of the log.</summary>
/// <param name="Path">Where it is, from the top of the log, with slashes.</param>
/// <param name="Content">Its bytes.</param>
public readonly record struct LogFile(string Path, ReadOnlyMemory<byte> Content);
