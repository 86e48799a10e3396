namespace BreakGlass.Core.Journal;

/// <summary>JSON as the bytes of RFC 8785: members in order, nothing that is not needed, one way to write each text. Numbers are whole.</summary>
internal static class CanonicalJson
{
    private const long LargestNumber = 9_007_199_254_740_991; // 2^53 - 1: what every reader of JSON has exactly

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Writes a value.</summary>
    /// <exception cref="JournalException">A number is not whole or too large, or a text is not Unicode.</exception>
    public static byte[] Write(JsonElement value)
    {
        var text = new StringBuilder();
        try
        {
            Append(text, value);
            return Strict.GetBytes(text.ToString());
        }
        catch (Exception e) when (e is EncoderFallbackException or InvalidOperationException)
        {
            throw new JournalException("a text for the journal holds half of a surrogate pair, which is not Unicode. Remove it from the object.");
        }
    }

    private static void Append(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                var members = value.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal);
                AppendAll(text, '{', members, '}', m =>
                {
                    AppendString(text, m.Name);
                    text.Append(':');
                    Append(text, m.Value);
                });
                break;
            case JsonValueKind.Array:
                AppendAll(text, '[', value.EnumerateArray(), ']', item => Append(text, item));
                break;
            case JsonValueKind.String:
                AppendString(text, value.GetString()!);
                break;
            case JsonValueKind.Number:
                if (!value.TryGetInt64(out var number) || number is > LargestNumber or < -LargestNumber)
                    throw new JournalException("a number for the journal is not whole, or is larger than 2^53 - 1. Write it as a text.");
                text.Append(number.ToString(CultureInfo.InvariantCulture));
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
    }

    private static void AppendAll<T>(StringBuilder text, char open, IEnumerable<T> items, char close, Action<T> append)
    {
        text.Append(open);
        var isFirst = true;
        foreach (var item in items)
        {
            if (!isFirst) text.Append(',');
            isFirst = false;
            append(item);
        }

        text.Append(close);
    }

    private static void AppendString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }
}
