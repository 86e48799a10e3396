using System.Collections.Immutable;

namespace BreakGlass.Core.Journal;

/// <summary>
/// The right edge of a log: all that is needed to extend it. These are the hashes of the last, partial tile of each level, and the entries of the last,
/// partial bundle, so its size does not grow with the log.
/// </summary>
public sealed record LogEdge
{
    private LogEdge(long size, ImmutableArray<ReadOnlyMemory<byte>> entries, ImmutableArray<ImmutableArray<TreeHash>> levels) =>
        (Size, Entries, Levels) = (size, entries, levels);

    /// <summary>The edge of a log without entries.</summary>
    public static LogEdge Empty { get; } = new(0, [], []);

    /// <summary>The number of entries in the log.</summary>
    public long Size { get; }

    /// <summary>How many entries fit into the last bundle.</summary>
    public int Room => Tile.FullWidth - Entries.Length;

    /// <summary>The entries of the partial bundle.</summary>
    private ImmutableArray<ReadOnlyMemory<byte>> Entries { get; }

    /// <summary>The hashes of the partial tile of each level; none if the level has no partial tile.</summary>
    private ImmutableArray<ImmutableArray<TreeHash>> Levels { get; }

    /// <summary>The files that <see cref="Read"/> can ask for.</summary>
    public static IEnumerable<string> Paths(long size)
    {
        for (var level = 0; level <= Tile.HighestLevel && size >> (Tile.Height * level) > 0; level++)
        {
            var tile = Tile.Of(level, size >> (Tile.Height * level) >> Tile.Height, size);
            if (tile.Width == 0) continue;
            yield return tile.Path;
            yield return tile.Full.Path;
            if (level > 0) continue;
            yield return tile.EntriesPath;
            yield return tile.Full.EntriesPath;
        }
    }

    /// <summary>Reads the edge of a log of this size from its files.</summary>
    /// <exception cref="JournalException">A file is missing, or is not what its path says.</exception>
    public static LogEdge Read(LogReader reader, long size)
    {
        var levels = ImmutableArray.CreateBuilder<ImmutableArray<TreeHash>>();
        for (var level = 0; level <= Tile.HighestLevel && size >> (Tile.Height * level) > 0; level++)
        {
            var tile = Tile.Of(level, size >> (Tile.Height * level) >> Tile.Height, size);
            levels.Add(tile.Width == 0 ? [] : [.. TileFiles.Hashes(reader, tile)]);
        }

        var last = Tile.Of(0, size >> Tile.Height, size);
        IReadOnlyList<ReadOnlyMemory<byte>> entries = last.Width == 0 ? [] : TileFiles.Entries(reader, last);
        for (var i = 0; i < entries.Count; i++)
        {
            // They are written again into the next bundle.
            if (TreeHash.Leaf(entries[i].Span) != levels[0][i])
                throw new JournalException($"entry {(size & ~(Tile.FullWidth - 1L)) + i} in {last.EntriesPath} does not have the hash in {last.Path}.");
        }

        return new(size, [.. entries], levels.ToImmutable());
    }

    /// <summary>The root of the whole tree.</summary>
    public TreeHash Root() => HashTile.Root(Levels.Select(hashes => hashes.AsMemory()));

    /// <summary>
    /// Appends entries, and gives the edge after them and the files to write, in the order in which they must be written. No tile that is there before is
    /// changed: a wider one gets another path.
    /// </summary>
    /// <param name="entries">One or more, at most <see cref="Room"/>, so that each bundle is completed by one batch.</param>
    /// <exception cref="JournalException">An entry is too large.</exception>
    public (LogEdge After, IReadOnlyList<LogFile> Files) Append(IReadOnlyCollection<ReadOnlyMemory<byte>> entries)
    {
        if (entries.Count == 0 || entries.Count > Room) throw new ArgumentOutOfRangeException(nameof(entries), entries.Count, "1 to the room in the bundle");
        ImmutableArray<ReadOnlyMemory<byte>> bundle = [.. Entries, .. entries];
        var files = new List<LogFile> { new(new Tile(0, Size >> Tile.Height, bundle.Length).EntriesPath, EntryBundle.Write(bundle)) };
        var levels = Levels.ToBuilder();
        var added = entries.Select(e => TreeHash.Leaf(e.Span)).ToList();
        for (var level = 0; added.Count > 0; level++)
        {
            if (level == levels.Count) levels.Add([]);
            ImmutableArray<TreeHash> hashes = [.. levels[level], .. added];
            files.Add(new(new Tile(level, Size >> (Tile.Height * level) >> Tile.Height, hashes.Length).Path, HashTile.Write(hashes)));
            var isFull = hashes.Length == Tile.FullWidth;
            levels[level] = isFull ? [] : hashes;
            added = isFull ? [HashTile.Root(hashes.AsSpan())] : [];
        }

        return (new(Size + entries.Count, bundle.Length == Tile.FullWidth ? [] : bundle, levels.ToImmutable()), files);
    }
}
