using System.Numerics;

namespace BreakGlass.Core.Journal;

/// <summary>The Merkle tree of a log of some size, read from its tiles. What it gives proves nothing until it is verified against a signed root.</summary>
/// <param name="reader">Reads the log.</param>
/// <param name="size">The number of entries.</param>
public sealed class LogTree(LogReader reader, long size)
{
    private readonly TreeHash[]?[] _hashes = new TreeHash[]?[Tile.HighestLevel + 1];
    private readonly long[] _indices = new long[Tile.HighestLevel + 1];

    /// <summary>The root.</summary>
    /// <exception cref="JournalException">A tile is missing or broken.</exception>
    public TreeHash Root() => size == 0 ? TreeHash.Empty : Subtree(0, size);

    /// <summary>The proof that an entry is in the tree.</summary>
    /// <param name="index">The entry.</param>
    /// <exception cref="JournalException">A tile is missing or broken.</exception>
    public IReadOnlyList<TreeHash> Inclusion(long index)
    {
        if (index < 0 || index >= size) throw new ArgumentOutOfRangeException(nameof(index), index, $"the tree has {size} entries");
        var proof = new List<TreeHash>();
        for (var (from, to) = (0L, size); to - from > 1;)
        {
            var middle = from + Left(to - from);
            proof.Add(index < middle ? Subtree(middle, to) : Subtree(from, middle));
            if (index < middle) to = middle;
            else from = middle;
        }

        proof.Reverse();
        return proof;
    }

    /// <summary>The proof that the tree begins with all entries of a smaller tree, in their order.</summary>
    /// <param name="before">The size of the smaller tree, at least 1.</param>
    /// <exception cref="JournalException">A tile is missing or broken.</exception>
    public IReadOnlyList<TreeHash> Consistency(long before)
    {
        if (before < 1 || before > size) throw new ArgumentOutOfRangeException(nameof(before), before, $"the tree has {size} entries");
        var proof = new List<TreeHash>();
        var (from, to, isWhole) = (0L, size, true);
        while (before != to)
        {
            var middle = from + Left(to - from);
            if (before <= middle)
            {
                proof.Add(Subtree(middle, to));
                to = middle;
            }
            else
            {
                proof.Add(Subtree(from, middle));
                (from, isWhole) = (middle, false);
            }
        }

        if (!isWhole) proof.Add(Subtree(from, to));
        proof.Reverse();
        return proof;
    }

    /// <summary>The size of the left subtree: the largest power of two below the size.</summary>
    private static long Left(long size) => 1L << BitOperations.Log2((ulong)size - 1);

    private TreeHash Subtree(long from, long to)
    {
        var count = to - from;
        if (BitOperations.IsPow2(count)) return Perfect(BitOperations.Log2((ulong)count), from);
        var middle = from + Left(count);
        return TreeHash.Node(Subtree(from, middle), Subtree(middle, to));
    }

    /// <summary>The root of 2^height entries, from the tile that holds it or the hashes under it.</summary>
    private TreeHash Perfect(int height, long from)
    {
        var (level, inTile) = (height / Tile.Height, height % Tile.Height);
        var position = from >> (level * Tile.Height);
        var hashes = Hashes(level, position >> Tile.Height);
        return HashTile.Root(hashes.AsSpan((int)(position & (Tile.FullWidth - 1)), 1 << inTile));
    }

    private TreeHash[] Hashes(int level, long index)
    {
        if (_hashes[level] is { } kept && _indices[level] == index) return kept;
        (_hashes[level], _indices[level]) = (TileFiles.Hashes(reader, Tile.Of(level, index, size)), index);
        return _hashes[level]!;
    }
}
