namespace BreakGlass.Core.Sessions;

/// <summary>Reads the values of properties of audit events. What it reads may be hostile: every text is cut and cleaned.</summary>
internal static class AuditJson
{
    /// <summary>The version of the events that are read.</summary>
    public const string ApiVersion = "audit.k8s.io/v1";

    private const int MostAddresses = 16;

    /// <summary>That a body is not audit events, and what to send.</summary>
    /// <param name="why">What is wrong, in a sentence that repeats nothing of the body.</param>
    public static FormatException Wrong(string why) =>
        new($"{why} Send an EventList of {ApiVersion}, an array of events, or one event per line.");

    /// <summary>The texts of a list; none if the value of the property is not a list.</summary>
    public static IReadOnlyList<string> NextTexts(ref Utf8JsonReader reader, int longest)
    {
        List<string> texts = [];
        reader.Read();
        if (reader.TokenType is not JsonTokenType.StartArray)
        {
            reader.Skip();
            return texts;
        }

        while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
        {
            if (Text(ref reader, longest) is { Length: > 0 } text)
            {
                // The last one stays, however many the client puts before it.
                if (texts.Count < MostAddresses) texts.Add(text);
                else texts[^1] = text;
            }

            reader.Skip();
        }

        return texts;
    }

    /// <summary>Goes on to the value of a property; true if that is an object, which the reader is then in.</summary>
    public static bool Enter(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType is JsonTokenType.StartObject) return true;
        reader.Skip();
        return false;
    }

    /// <summary>A time in UTC; null if the value of the property is not a time.</summary>
    public static DateTimeOffset? NextTime(ref Utf8JsonReader reader)
    {
        reader.Read();
        var at = reader.TokenType is JsonTokenType.String && reader.TryGetDateTimeOffset(out var time) ? time.ToUniversalTime() : (DateTimeOffset?)null;
        reader.Skip();
        return at;
    }

    /// <summary>A text, cut and cleaned; empty if the value of the property is not a text.</summary>
    public static string NextText(ref Utf8JsonReader reader, int longest)
    {
        reader.Read();
        var text = Text(ref reader, longest);
        reader.Skip();
        return text;
    }

    /// <summary>A text, cut and without what no person sees: it becomes a key of a list, a cell of a table and a word in a message.</summary>
    private static string Text(ref Utf8JsonReader reader, int longest)
    {
        if (reader.TokenType is not JsonTokenType.String) return "";
        var text = Decoded(ref reader);
        if (text.Length > longest) text = text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)];
        return text.Any(IsOdd) ? string.Concat(text.Select(c => IsOdd(c) ? '?' : c)) : text;
    }

    // What is not valid Unicode must not keep the rest of the body from being counted.
    private static string Decoded(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            return Encoding.UTF8.GetString(reader.ValueSpan);
        }
    }

    private static bool IsOdd(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse;
}
