namespace BreakGlass.Core.Journal;

/// <summary>The content of a tile: its hashes, one after the other.</summary>
public static class HashTile
{
    /// <summary>Writes hashes as a tile.</summary>
    public static byte[] Write(IReadOnlyList<TreeHash> hashes)
    {
        var bytes = new byte[hashes.Count * TreeHash.Size];
        for (var i = 0; i < hashes.Count; i++) hashes[i].Write(bytes.AsSpan(i * TreeHash.Size));
        return bytes;
    }

    /// <summary>Reads as many hashes as there are, at most <paramref name="width"/>; what is left at the end makes no hash.</summary>
    public static TreeHash[] Read(ReadOnlySpan<byte> bytes, int width)
    {
        var hashes = new TreeHash[Math.Min(width, bytes.Length / TreeHash.Size)];
        for (var i = 0; i < hashes.Length; i++) hashes[i] = TreeHash.Read(bytes[(i * TreeHash.Size)..]);
        return hashes;
    }

    /// <summary>The root of hashes whose number is a power of two.</summary>
    public static TreeHash Root(ReadOnlySpan<TreeHash> hashes) =>
        hashes.Length == 1 ? hashes[0] : TreeHash.Node(Root(hashes[..(hashes.Length / 2)]), Root(hashes[(hashes.Length / 2)..]));

    /// <summary>
    /// The root of a tree, from the hashes of the last, partial tile of each level. The tree is the perfect subtrees that the bits of its size stand for. The
    /// largest is on the left, so they are joined from the right.
    /// </summary>
    internal static TreeHash Root(IEnumerable<ReadOnlyMemory<TreeHash>> levels)
    {
        TreeHash? root = null;
        foreach (var level in levels)
        {
            for (var rest = level.Span; rest.Length > 0;)
            {
                var size = rest.Length & -rest.Length;
                var left = Root(rest[^size..]);
                root = root is { } right ? TreeHash.Node(left, right) : left;
                rest = rest[..^size];
            }
        }

        return root ?? TreeHash.Empty;
    }
}
