using System.Globalization;
using System.Text.Encodings.Web;

namespace BreakGlass.CrdGen;

/// <summary>Writes JSON nodes as YAML: keys in their given order, long sentences as folded blocks, the same text for the same tree.</summary>
internal static class YamlWriter
{
    /// <summary>JSON text for people: no more escapes than JSON itself needs.</summary>
    public static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private const int Width = 120;

    /// <summary>Words that YAML 1.1 or 1.2 takes for a boolean, null or a number.</summary>
    private static readonly HashSet<string> ReadAsSomethingElse = new(StringComparer.OrdinalIgnoreCase)
    {
        "true", "false", "yes", "no", "on", "off", "y", "n", "null", ".inf", ".nan",
    };

    /// <summary>The document as text, ending in a line feed.</summary>
    public static string Write(JsonNode node)
    {
        var text = new StringBuilder();
        if (node is JsonObject { Count: 0 } or JsonArray { Count: 0 }) text.Append(node.ToJsonString()).Append('\n');
        else Block(text, node, indent: 0);
        return text.ToString();
    }

    private static void Block(StringBuilder text, JsonNode node, int indent)
    {
        var first = true;
        if (node is JsonObject map)
        {
            foreach (var (key, value) in map)
            {
                Pad(text, first ? 0 : indent).Append(Flow(key)).Append(':');
                // Lists stand under their key without further indentation, as kubectl writes them.
                Value(text, value, value is JsonArray ? indent : indent + 2, indent, key.Length + 2);
                first = false;
            }
        }
        else
        {
            foreach (var item in node.AsArray())
            {
                Pad(text, first ? 0 : indent).Append('-');
                if (item is JsonObject { Count: > 0 } inner)
                {
                    text.Append(' ');
                    Block(text, inner, indent + 2);
                }
                else
                {
                    Value(text, item, indent + 2, indent, 2);
                }

                first = false;
            }
        }
    }

    private static void Value(StringBuilder text, JsonNode? value, int childIndent, int indent, int used)
    {
        switch (value)
        {
            case JsonObject { Count: 0 }:
                text.Append(" {}\n");
                break;
            case JsonArray { Count: 0 }:
                text.Append(" []\n");
                break;
            case JsonObject or JsonArray:
                Block(Pad(text.Append('\n'), childIndent), value, childIndent);
                break;
            case JsonValue lines when IsText(lines):
                text.Append(" |\n");
                foreach (var line in lines.GetValue<string>().TrimEnd('\n').Split('\n')) Pad(text, indent + 2).Append(line).Append('\n');
                break;
            default:
                var scalar = Scalar(value);
                if (indent + used + scalar.Length <= Width || !Foldable(value)) text.Append(' ').Append(scalar).Append('\n');
                else Fold(text, value!.GetValue<string>(), indent + 2);
                break;
        }
    }

    /// <summary>Lines that a literal block gives back as they are: the last ends in a line feed and the first is not indented.</summary>
    private static bool IsText(JsonValue value) =>
        value.GetValueKind() == JsonValueKind.String && value.GetValue<string>() is var text
        && text.Length > 1 && text[^1] == '\n' && text[^2] != '\n' && !char.IsWhiteSpace(text[0]) && text.All(c => c == '\n' || IsPrintable(c));

    /// <summary>Words with one space between them: folding such a text at its spaces loses nothing.</summary>
    private static bool Foldable(JsonNode? value) =>
        value?.GetValueKind() == JsonValueKind.String && value.GetValue<string>() is var text
        && text.Contains(' ') && text.Split(' ').All(word => word.Length > 0 && word.All(IsPrintable));

    private static void Fold(StringBuilder text, string value, int indent)
    {
        text.Append(" >-");
        var column = Width;
        foreach (var word in value.Split(' '))
        {
            if (column + 1 + word.Length > Width)
            {
                Pad(text.Append('\n'), indent).Append(word);
                column = indent + word.Length;
            }
            else
            {
                text.Append(' ').Append(word);
                column += 1 + word.Length;
            }
        }

        text.Append('\n');
    }

    private static string Scalar(JsonNode? value) => value?.GetValueKind() switch
    {
        null => "null",
        JsonValueKind.String => Flow(value.GetValue<string>()),
        _ => value.ToJsonString(),
    };

    private static string Flow(string value)
    {
        if (!value.All(IsPrintable)) return JsonSerializer.Serialize(value);
        return IsPlain(value) ? value : $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";
    }

    private static bool IsPrintable(char c) => char.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned);

    // Narrower than YAML allows: what is in doubt is quoted.
    private static bool IsPlain(string value) =>
        value.Length > 0
        && (char.IsLetter(value[0]) || value[0] is '_' or '/' or '$' || (value[0] == '.' && value.Length > 1 && char.IsLetter(value[1])))
        && value.All(c => char.IsLetterOrDigit(c) || " _./$-(),;:=+'".Contains(c, StringComparison.Ordinal))
        && !value.Contains(": ", StringComparison.Ordinal) && value[^1] is not (':' or ' ')
        && !ReadAsSomethingElse.Contains(value);

    private static StringBuilder Pad(StringBuilder text, int count) => text.Append(' ', count);
}
