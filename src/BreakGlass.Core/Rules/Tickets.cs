namespace BreakGlass.Core.Rules;

/// <summary>
/// Tickets against a policy's pattern, as everybody reads patterns: <c>$</c> is the end and not the place before a last line feed, and <c>\d</c>,
/// <c>\w</c> and <c>\s</c> are ASCII. .NET means every script's digits and letters, and the option that would change it does not go with matching in
/// linear time.
/// </summary>
internal static class Tickets
{
    private static readonly Dictionary<char, string> Inside = new()
    {
        ['d'] = "0-9",
        ['w'] = "0-9A-Z_a-z",
        ['s'] = @"\t-\r ",
        ['D'] = @"\x00-/:-\uFFFF",
        ['W'] = @"\x00-/:-@\x5B-\x5E\x60{-\uFFFF",
        ['S'] = @"\x00-\x08\x0E-\x1F!-\uFFFF",
    };

    /// <summary>Whether the ticket is one that can be shown and compared: in one line, without characters that are not seen.</summary>
    public static bool IsPlain(string ticket) => !ticket.EnumerateRunes().Any(VisibleText.IsInvisible);

    /// <summary>The pattern with its classes written out.</summary>
    internal static string Plain(string pattern)
    {
        var plain = new StringBuilder(pattern.Length);
        var depth = 0; // of character classes: one can be taken from another, [a-z-[aeiou]]
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c == '\\' && i + 1 < pattern.Length)
            {
                var next = pattern[++i];
                if (!Inside.TryGetValue(next, out var members)) plain.Append(c).Append(next);
                else if (depth > 0) plain.Append(members);
                else plain.Append('[').Append(members).Append(']');
                continue;
            }

            plain.Append(c);
            if (c == '[' && (depth == 0 || pattern[i - 1] == '-'))
            {
                depth++;
                if (i + 1 < pattern.Length && pattern[i + 1] == '^') plain.Append(pattern[++i]);
                if (i + 1 < pattern.Length && pattern[i + 1] == ']') plain.Append(pattern[++i]); // the first one is meant as it stands
            }
            else if (c == ']' && depth > 0)
            {
                depth--;
            }
        }

        return plain.ToString();
    }
}
