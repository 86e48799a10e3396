using System.Numerics;

namespace BreakGlass.Core.Journal;

/// <summary>Verifies proofs as RFC 9162 section 2.1 does, without reading the log.</summary>
public static class TreeProof
{
    /// <summary>Whether a proof shows that a leaf is at a position of the tree with this size and root.</summary>
    public static bool Includes(TreeHash leaf, long index, long size, TreeHash root, IReadOnlyList<TreeHash> proof)
    {
        if (index < 0 || index >= size) return false;
        var (node, last, hash) = (index, size - 1, leaf);
        foreach (var other in proof)
        {
            if (last == 0) return false;
            if ((node & 1) == 1 || node == last)
            {
                hash = TreeHash.Node(other, hash);
                if ((node & 1) == 0) Ascend(ref node, ref last, BitOperations.TrailingZeroCount(node));
            }
            else
            {
                hash = TreeHash.Node(hash, other);
            }

            Ascend(ref node, ref last, 1);
        }

        return last == 0 && hash == root;
    }

    /// <summary>Whether a proof shows that a tree begins with all entries of a smaller one.</summary>
    public static bool IsConsistent(long before, TreeHash rootBefore, long size, TreeHash root, IReadOnlyList<TreeHash> proof)
    {
        if (before < 0 || before > size) return false;
        if (before == 0) return proof.Count == 0 && rootBefore == TreeHash.Empty;
        if (before == size) return proof.Count == 0 && rootBefore == root;
        IReadOnlyList<TreeHash> path = BitOperations.IsPow2(before) ? [rootBefore, .. proof] : proof;
        if (path.Count == 0) return false;
        var (node, last) = (before - 1, size - 1);
        Ascend(ref node, ref last, BitOperations.TrailingZeroCount(~node));
        var (old, current) = (path[0], path[0]);
        foreach (var other in path.Skip(1))
        {
            if (last == 0) return false;
            if ((node & 1) == 1 || node == last)
            {
                (old, current) = (TreeHash.Node(other, old), TreeHash.Node(other, current));
                if ((node & 1) == 0) Ascend(ref node, ref last, BitOperations.TrailingZeroCount(node));
            }
            else
            {
                current = TreeHash.Node(current, other);
            }

            Ascend(ref node, ref last, 1);
        }

        return last == 0 && old == rootBefore && current == root;
    }

    private static void Ascend(ref long node, ref long last, int levels) => (node, last) = (node >> levels, last >> levels);
}
