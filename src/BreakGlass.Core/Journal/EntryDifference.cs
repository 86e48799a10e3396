namespace BreakGlass.Core.Journal;

/// <summary>Says what happened to the first entry of a bundle that differs from its signed hash.</summary>
internal static class EntryDifference
{
    /// <summary>What happened.</summary>
    /// <param name="tile">The bundle.</param>
    /// <param name="found">The hashes of the entries that are there, from the first difference on.</param>
    /// <param name="expected">The hashes that belong there.</param>
    /// <param name="remaining">The number of bytes after the last whole entry.</param>
    public static string Of(Tile tile, ReadOnlySpan<TreeHash> found, ReadOnlySpan<TreeHash> expected, int remaining)
    {
        if (found.Length == 0) return remaining == 0 ? "was dropped, with all entries after it in its file" : $"was changed, or cut off in {tile.EntriesPath}";
        if (expected.Length == 0) return "was changed, and so was its hash";
        if (found.Length > 1 && found[1] == expected[0]) return "another entry was inserted before it, or took its place";
        if (expected.Length > 1 && found[0] == expected[1] && found.Length < expected.Length) return "was dropped";
        return found.Length == expected.Length && Sorted(found).AsSpan().SequenceEqual(Sorted(expected))
            ? "was moved: the entries from here on are in another order" : "was changed";
    }

    private static TreeHash[] Sorted(ReadOnlySpan<TreeHash> hashes) => [.. hashes.ToArray().OrderBy(h => h.High).ThenBy(h => h.Low)];
}
