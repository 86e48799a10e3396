namespace BreakGlass.Core.Rules;

/// <summary>
/// What others wrote, as a person sees it who decides by it. Nothing is stripped: what cannot be seen, or looks like something else, is written out,
/// so that no name can pass for another, and no text that moves a terminal's cursor can show an approver another request than the one that is approved.
/// </summary>
public static class VisibleText
{
    /// <summary>What stands behind a name that holds characters outside printable ASCII.</summary>
    public const string Flag = " (unusual characters)";

    /// <summary>
    /// An identity: everything but printable ASCII is escaped as <c>\u{200B}</c>, spaces that are easily missed too, and the name is flagged.
    /// </summary>
    public static string Name(string? name)
    {
        if (string.IsNullOrEmpty(name)) return "";
        var shown = new StringBuilder(name.Length);
        var before = ' ';
        var position = 0;
        foreach (var rune in name.EnumerateRunes())
        {
            position += rune.Utf16SequenceLength;
            var isPlain = rune.Value switch
            {
                ' ' => before != ' ' && position < name.Length,
                '\\' => !name.AsSpan(position).StartsWith("u{", StringComparison.Ordinal),
                _ => rune.Value is > 0x20 and < 0x7F,
            };
            before = rune.Value == ' ' ? ' ' : 'x';
            if (isPlain) shown.Append((char)rune.Value);
            else Escape(shown, rune);
        }

        return shown.Length == name.Length ? name : shown.Append(Flag).ToString();
    }

    /// <summary>
    /// Free text in one line: line breaks and tabs become spaces; other characters that are not seen, or that turn the text's direction, are escaped.
    /// </summary>
    public static string Line(string? text) => Text(text, ' ', ' ');

    /// <summary>Free text in the lines that it has.</summary>
    public static string Lines(string? text) => Text(text, '\n', '\t');

    /// <summary>Whether a character leaves no mark of its own on a screen or moves what does.</summary>
    public static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => true,
        UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.Surrogate => true,
        _ => rune.Value is 0x115F or 0x1160 or 0x3164 or 0xFFA0 or 0x2800 or 0x034F or 0x17B4 or 0x17B5 or 0xFFFC,
    };

    /// <summary>How many characters of a text a reader sees. Space between words counts once; what stands on a letter counts with the letter.</summary>
    public static int VisibleLength(string text)
    {
        var (count, space) = (0, false);
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsWhiteSpace(rune))
            {
                space = true;
                continue;
            }

            if (IsInvisible(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark) continue;
            count += space && count > 0 ? 2 : 1;
            space = false;
        }

        return count;
    }

    private static string Text(string? text, char newLine, char tab)
    {
        if (string.IsNullOrEmpty(text)) return "";
        var shown = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is '\n' or '\r' or 0x2028 or 0x2029) shown.Append(rune.Value == '\r' ? ' ' : newLine);
            else if (rune.Value == '\t') shown.Append(tab);
            else if (IsInvisible(rune)) Escape(shown, rune);
            else shown.Append(rune.ToString());
        }

        return shown.ToString();
    }

    private static void Escape(StringBuilder shown, Rune rune) => shown.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:X}}}");
}
