namespace BreakGlass.Core.Journal;

/// <summary>Reads tiles and bundles, and refuses those that are not what their paths say.</summary>
internal static class TileFiles
{
    /// <summary>The hashes of a tile.</summary>
    public static TreeHash[] Hashes(LogReader reader, Tile tile)
    {
        var bytes = Find(reader, tile, tile.Path, tile.Full.Path, out var path);
        var width = path == tile.Path ? tile.Width : Tile.FullWidth;
        if (bytes.Length != width * TreeHash.Size)
            throw new JournalException($"{path} has {bytes.Length} bytes and must have {width * TreeHash.Size}. Restore it from a copy of the journal.");
        return HashTile.Read(bytes.Span, tile.Width);
    }

    /// <summary>The entries of the bundle under a tile of level 0.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Entries(LogReader reader, Tile tile)
    {
        var bytes = Find(reader, tile, tile.EntriesPath, tile.Full.EntriesPath, out var path);
        var entries = EntryBundle.Read(bytes, out var used);
        var width = path == tile.EntriesPath ? tile.Width : Tile.FullWidth;
        if (entries.Count != width || used != bytes.Length) throw new JournalException(
            $"{path} does not hold exactly {width} entries: {entries.Count} are whole, and {bytes.Length - used} bytes remain. "
                + "Restore it from a copy of the journal.");
        return entries.Count == tile.Width ? entries : [.. entries.Take(tile.Width)];
    }

    /// <summary>A file, or the full one that took its place: a partial tile can be deleted when the full one is there.</summary>
    public static ReadOnlyMemory<byte>? TryFind(LogReader reader, string partial, string full, out string path)
    {
        path = partial;
        if (reader(partial) is { } bytes) return bytes;
        if (partial == full || reader(full) is not { } whole) return null;
        path = full;
        return whole;
    }

    private static ReadOnlyMemory<byte> Find(LogReader reader, Tile tile, string partial, string full, out string path) =>
        TryFind(reader, partial, full, out path) ?? throw new JournalException(
            $"{partial} is missing, which belongs to entry {tile.Index << (Tile.Height * (tile.Level + 1))} and those after it. "
                + "Restore it from a copy of the journal.");
}
