namespace BreakGlass.Core.Journal;

/// <summary>The entries of a log, one after the other. They are as the files have them: what they say is not verified.</summary>
public static class JournalEntries
{
    /// <summary>Reads the entries, bundle by bundle.</summary>
    /// <param name="reader">Reads the log.</param>
    /// <param name="size">The number of entries in the log.</param>
    /// <param name="from">The first entry that is read.</param>
    /// <exception cref="JournalException">A bundle is missing or broken.</exception>
    public static IEnumerable<(long Index, ReadOnlyMemory<byte> Bytes)> Read(LogReader reader, long size, long from = 0)
    {
        for (var bundle = from >> Tile.Height; bundle << Tile.Height < size; bundle++)
        {
            var index = bundle << Tile.Height;
            foreach (var entry in TileFiles.Entries(reader, Tile.Of(0, bundle, size)))
            {
                if (index >= from) yield return (index, entry);
                index++;
            }

            if (index >= size) yield break;
        }
    }
}
