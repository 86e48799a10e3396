namespace BreakGlass.Core.Journal;

/// <summary>The journal, or what is to be written to it, is not what it must be. The message names the file or the entry.</summary>
public sealed class JournalException(string message, Exception? inner = null) : Exception(message, inner)
{
    internal static JournalException TooLarge(int bytes) => new(
        $"an entry of the journal has {bytes} bytes; at most {EntryBundle.LargestEntry} are possible. Shorten the longest text in it.");
}
