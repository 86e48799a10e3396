using BreakGlass.Core.Journal;

namespace BreakGlass.Cli.Journal;

/// <summary>
/// Reads a journal in a directory. Paths come from positions in the tree, never from what a file says, and no file is read further than a bundle can be long.
/// </summary>
internal static class JournalDirectory
{
    /// <summary>A reader of a directory.</summary>
    /// <exception cref="CliException">There is no such directory.</exception>
    public static LogReader Open(string directory) => Directory.Exists(directory)
        ? path => Read(Path.Combine(directory, path), EntryBundle.LargestBundle + 1)
        : throw new CliException(ExitCodes.NotFound, $"the directory '{directory}' does not exist. Name the directory that contains the file 'checkpoint'.");

    /// <summary>The first bytes of a file; null if it does not exist.</summary>
    public static ReadOnlyMemory<byte>? Read(string file, int most)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            var bytes = new byte[(int)Math.Min(most, stream.CanSeek ? stream.Length : most)];
            return bytes.AsMemory(0, stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
