using System.Collections.Frozen;

namespace BreakGlass.Core.Rules;

/// <summary>
/// Texts as they are compared where two spellings mean one thing: without case, without compatibility forms and without what is not seen (NFKC_Casefold, left
/// decomposed). Source: Unicode Standard Annex 15 and 44. The table is our own because .NET normalizes nothing while globalization is invariant.
/// </summary>
internal static class Folding
{
    private static readonly Lazy<FrozenDictionary<int, string>> Table = new(Read);

    /// <summary>The folded text. Equal results mean: one and the same in doubt.</summary>
    public static string Fold(string text)
    {
        var trimmed = text.Trim();
        if (Ascii.IsValid(trimmed)) return trimmed.ToLowerInvariant();
        var folded = new StringBuilder(trimmed.Length);
        foreach (var rune in trimmed.EnumerateRunes()) Append(folded, rune);
        return InOrder(folded.ToString().Trim());
    }

    public static bool Same(string a, string b) => a == b || Fold(a) == Fold(b);

    private static void Append(StringBuilder folded, Rune rune)
    {
        var code = rune.Value;
        if (rune.IsAscii)
        {
            folded.Append(char.ToLowerInvariant((char)code));
        }
        else if (code is >= 0xAC00 and <= 0xD7A3)
        {
            // A Hangul syllable is made of two or three letters by a rule (Unicode Standard, 3.12).
            var index = code - 0xAC00;
            folded.Append((char)(0x1100 + (index / 588))).Append((char)(0x1161 + (index % 588 / 28)));
            if (index % 28 > 0) folded.Append((char)(0x11A7 + (index % 28)));
        }
        else if (code is not (>= 0xE0000 and <= 0xE0FFF))
        {
            folded.Append(Table.Value.GetValueOrDefault(code) ?? rune.ToString());
        }
    }

    /// <summary>Marks on one letter in one order, whichever they were typed in.</summary>
    private static string InOrder(string text)
    {
        var runes = text.EnumerateRunes().ToArray();
        for (var from = 0; from < runes.Length; from++)
        {
            var to = from;
            while (to < runes.Length && Rune.GetUnicodeCategory(runes[to]) is UnicodeCategory.NonSpacingMark) to++;
            if (to - from > 1) Array.Sort(runes, from, to - from);
            if (to > from) from = to - 1;
        }

        return string.Concat(runes);
    }

    private static FrozenDictionary<int, string> Read()
    {
        var table = new Dictionary<int, string>();
        var next = 0;
        foreach (var token in Encoding.ASCII.GetString(FoldingTable.Text).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = token.Split(':');
            var head = parts[0].Split('*');
            if (head[0].Length > 0) next = Code(head[0]);
            int[] to = [.. parts[1].Split('.', StringSplitOptions.RemoveEmptyEntries).Select(Code)];
            for (var left = head.Length > 1 ? int.Parse(head[1], CultureInfo.InvariantCulture) : 1; left > 0; left--)
            {
                table[next++] = string.Concat(to.Select(code => new Rune(code)));
                if (to.Length > 0) to[^1]++;
            }
        }

        return table.ToFrozenDictionary();
    }

    private static int Code(string hex) => int.Parse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
