using System.Runtime.InteropServices;

namespace BreakGlass.Core.Journal;

/// <summary>
/// A tile of C2SP tlog-tiles: up to 256 consecutive hashes of one level of the tree. A hash of level L is the root of 256^L entries.
/// </summary>
/// <param name="Level">The level; 0 holds the hashes of entries.</param>
/// <param name="Index">The position in the level.</param>
/// <param name="Width">The number of hashes, 1 to 256. A tile with fewer than 256 is partial.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Tile(int Level, long Index, int Width)
{
    /// <summary>The number of hashes in a full tile, and of entries in a full bundle.</summary>
    public const int FullWidth = 256;

    /// <summary>The number of tree levels in a tile: 2^8 hashes.</summary>
    public const int Height = 8;

    /// <summary>The highest level that a tree with a size of 63 bits has.</summary>
    public const int HighestLevel = 7;

    private const string Entries = "entries";

    // Three digits each; more do not fit into a size of 63 bits.
    private const int MostParts = 6;

    /// <summary>Whether the tile has all its hashes.</summary>
    public bool IsFull => Width == FullWidth;

    /// <summary>Where the tile is: <c>tile/L/N</c> or <c>tile/L/N.p/W</c>.</summary>
    public string Path => PathIn(Level.ToString(CultureInfo.InvariantCulture));

    /// <summary>Where the entries under a tile of level 0 are: <c>tile/entries/N</c> or <c>tile/entries/N.p/W</c>.</summary>
    public string EntriesPath => PathIn(Entries);

    /// <summary>The same tile with all hashes.</summary>
    public Tile Full => this with { Width = FullWidth };

    /// <summary>The tile of a tree of this size; its width is 0 if the tree has no hash in it.</summary>
    public static Tile Of(int level, long index, long size)
    {
        var hashes = size >> (Height * level);
        var before = index > (long.MaxValue >> Height) ? long.MaxValue : index << Height;
        return new(level, index, (int)Math.Clamp(hashes - Math.Min(before, hashes), 0, FullWidth));
    }

    /// <summary>A number in path elements of three digits: <c>x001/x234/067</c>.</summary>
    public static string Number(long number)
    {
        var text = new StringBuilder((number % 1000).ToString("000", CultureInfo.InvariantCulture));
        for (var rest = number / 1000; rest > 0; rest /= 1000) text.Insert(0, string.Create(CultureInfo.InvariantCulture, $"x{rest % 1000:000}/"));
        return text.ToString();
    }

    /// <summary>Whether a path is that of a tile or of a bundle of entries, in the one form that it has. Nothing else of a storage is for readers.</summary>
    public static bool IsPath(string path)
    {
        if (path.Split('/') is not ["tile", var level, .. { Length: > 0 } parts]) return false;
        var width = FullWidth;
        if (parts is [.. var front, var name, var partial] && name.EndsWith(".p", StringComparison.Ordinal))
        {
            parts = [.. front, name[..^2]];
            if (!int.TryParse(partial, NumberStyles.None, CultureInfo.InvariantCulture, out width) || width is < 1 or >= FullWidth) return false;
        }

        var (number, height) = (0L, 0);
        if (parts.Length > MostParts || (level != Entries && !int.TryParse(level, NumberStyles.None, CultureInfo.InvariantCulture, out height))) return false;
        foreach (var part in parts)
        {
            if (!int.TryParse(part.TrimStart('x'), NumberStyles.None, CultureInfo.InvariantCulture, out var digits) || digits > 999) return false;
            number = (number * 1000) + digits;
        }

        var tile = new Tile(height, number, width);
        return height <= HighestLevel && path == (level == Entries ? tile.EntriesPath : tile.Path);
    }

    private string PathIn(string level) =>
        string.Create(CultureInfo.InvariantCulture, $"tile/{level}/{Number(Index)}{(IsFull ? "" : $".p/{Width}")}");
}
