namespace BreakGlass.Core.Journal;

/// <summary>
/// Reads a file of a log, from the top of the log, with slashes; null if it does not exist. A reader gives at most one byte more than
/// <see cref="EntryBundle.LargestBundle"/>, which is enough to see that a file is too long.
/// </summary>
public delegate ReadOnlyMemory<byte>? LogReader(string path);
