namespace BreakGlass.Core.Journal;

/// <summary>The entries of one bundle and the hashes that are stored for them, as they were found.</summary>
/// <param name="Tile">Which entries.</param>
/// <param name="Found">The hashes of the entries that are whole; null if the file is missing.</param>
/// <param name="Remaining">The number of bytes after the last whole entry.</param>
/// <param name="Stored">The hashes in the tile; null if the file is missing.</param>
/// <param name="IsTileWhole">Whether the tile has exactly its length.</param>
internal sealed record ReadBundle(Tile Tile, TreeHash[]? Found, int Remaining, TreeHash[]? Stored, bool IsTileWhole)
{
    /// <summary>The first entry.</summary>
    public long Start => Tile.Index << Tile.Height;

    /// <summary>The hashes of the entries, if all are there.</summary>
    public TreeHash[]? Entries => Found is { } found && found.Length == Tile.Width ? found : null;

    /// <summary>The stored hashes, if all are there.</summary>
    public TreeHash[]? Hashes => Stored is { } stored && stored.Length == Tile.Width ? stored : null;

    /// <summary>Whether the entries and the tile are whole and belong together.</summary>
    public bool IsGood => Entries is { } entries && Hashes is { } hashes && Remaining == 0 && IsTileWhole && entries.AsSpan().SequenceEqual(hashes);

    /// <summary>Reads a bundle and its tile.</summary>
    public static ReadBundle Read(LogReader reader, Tile tile)
    {
        var entries = TileFiles.TryFind(reader, tile.EntriesPath, tile.Full.EntriesPath, out var entriesPath);
        var hashes = TileFiles.TryFind(reader, tile.Path, tile.Full.Path, out var tilePath);
        var used = 0;
        TreeHash[]? found = entries is { } bundle ? [.. EntryBundle.Read(bundle, out used).Select(e => TreeHash.Leaf(e.Span))] : null;
        var isLater = entriesPath != tile.EntriesPath;
        return new(
            tile,
            isLater ? found?.Take(tile.Width).ToArray() : found,
            isLater ? 0 : entries.GetValueOrDefault().Length - used,
            hashes is { } bytes ? HashTile.Read(bytes.Span, tile.Width) : null,
            hashes?.Length == (tilePath == tile.Path ? tile.Width : Tile.FullWidth) * TreeHash.Size);
    }

    /// <summary>What is wrong with the entries, if the stored hashes are right.</summary>
    public JournalProblem? EntryProblem()
    {
        if (Found is null) return new(Start, Start + Tile.Width - 1, $"the file {Tile.EntriesPath} is missing");
        if (Stored is null) return null;
        var first = Found.AsSpan().CommonPrefixLength(Stored);
        if (first < Tile.Width) return JournalProblem.At(Start + first, EntryDifference.Of(Tile, Found.AsSpan(first), Stored.AsSpan(first), Remaining));
        return Found.Length == first && Remaining == 0 ? null
            : JournalProblem.At(Start + first - 1, $"{Tile.EntriesPath} has bytes after this entry that do not belong to the journal");
    }

    /// <summary>What is wrong with the stored hashes, if the entries are right.</summary>
    public JournalProblem? TileProblem()
    {
        if (Stored is null) return new(Start, Start + Tile.Width - 1, $"the file {Tile.Path} is missing");
        var first = Entries is { } entries ? Stored.AsSpan().CommonPrefixLength(entries) : Stored.Length;
        if (first == Tile.Width && IsTileWhole) return null;
        return JournalProblem.At(Start + Math.Min(first, Tile.Width - 1), $"its hash in {Tile.Path} was changed or cut off; the entry is as it was signed");
    }
}
