namespace BreakGlass.Core.Journal;

/// <summary>
/// Builds the tree over hashes of entries again, one bundle after the other, and compares the tiles above level 0 with it. Memory does not grow with the log.
/// </summary>
/// <param name="reader">Reads the log.</param>
/// <param name="size">The number of entries in the log.</param>
internal sealed class TreeAgain(LogReader reader, long size)
{
    private readonly List<List<TreeHash>> _levels = [];
    private readonly long[] _next = new long[Tile.HighestLevel + 2];

    /// <summary>The tiles above level 0 that differ, at most <see cref="JournalCheck.MostProblems"/> and one.</summary>
    public List<JournalProblem> Problems { get; } = [];

    /// <summary>Adds the hashes of the next bundle.</summary>
    public void Add(TreeHash[] leaves)
    {
        if (_levels.Count == 0) _levels.Add([]);
        _levels[0].AddRange(leaves);
        for (var level = 0; _levels[level].Count == Tile.FullWidth; level++)
        {
            if (level + 1 == _levels.Count) _levels.Add([]);
            _levels[level + 1].Add(HashTile.Root([.. _levels[level]]));
            if (level > 0) Compare(level, _next[level]++);
            _levels[level].Clear();
        }
    }

    /// <summary>The root over all that was added, and over the beginning of the next bundle.</summary>
    public TreeHash Root(ReadOnlyMemory<TreeHash> next = default) =>
        HashTile.Root([next, .. _levels.Select(hashes => (ReadOnlyMemory<TreeHash>)hashes.ToArray())]);

    /// <summary>Compares the partial tiles.</summary>
    public void Finish()
    {
        for (var level = 1; level < _levels.Count; level++)
        {
            if (_levels[level].Count > 0) Compare(level, _next[level]);
        }
    }

    private void Compare(int level, long index)
    {
        var tile = Tile.Of(level, index, size);
        var bytes = TileFiles.TryFind(reader, tile.Path, tile.Full.Path, out var path);
        var stored = HashTile.Read(bytes.GetValueOrDefault().Span, tile.Width);
        var first = stored.AsSpan().CommonPrefixLength([.. _levels[level]]);
        var isWhole = bytes?.Length == (path == tile.Path ? tile.Width : Tile.FullWidth) * TreeHash.Size;
        if ((first == tile.Width && isWhole) || Problems.Count > JournalCheck.MostProblems) return;
        var hash = Math.Min(first, tile.Width - 1) + (index << Tile.Height);
        var (from, to) = (hash << (Tile.Height * level), ((hash + 1) << (Tile.Height * level)) - 1);
        Problems.Add(new(from, to, bytes is null ? $"the file {tile.Path} is missing" : $"the hash over them in {path} was changed, or the file was cut off"));
    }
}
