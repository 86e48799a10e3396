using System.Buffers;

namespace BreakGlass.Core.Journal;

/// <summary>Texts of entries. What is too long, or is not Unicode, would hold up all other entries.</summary>
internal static class EntryText
{
    /// <summary>Longer than anything that the operator writes.</summary>
    public const int LongestText = 512;

    /// <summary>The most characters of what a person wrote about a decision.</summary>
    public const int LongestComment = 1024;

    /// <summary>The text, at most this long; null if there is none.</summary>
    public static string? Short(string? text, int most = LongestText)
    {
        if (string.IsNullOrEmpty(text)) return text;

        // Not between the halves of a surrogate pair.
        var cut = text.Length <= most ? text : text[..(char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)] + "…";
        return IsUnicode(cut) ? cut : Repaired(cut);
    }

    private static bool IsUnicode(ReadOnlySpan<char> text)
    {
        while (text.Length > 0)
        {
            if (Rune.DecodeFromUtf16(text, out _, out var used) is not OperationStatus.Done) return false;
            text = text[used..];
        }

        return true;
    }

    private static string Repaired(string text)
    {
        var repaired = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) repaired.Append(rune.ToString()); // gives U+FFFD for what is not Unicode
        return repaired.ToString();
    }
}
