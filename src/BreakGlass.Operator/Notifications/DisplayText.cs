namespace BreakGlass.Operator.Notifications;

/// <summary>
/// What users wrote, made fit for a screen: on one line, with characters that are not seen or that turn the text's direction written out, and not too long.
/// </summary>
internal static class DisplayText
{
    /// <summary>The text, at most <paramref name="most"/> UTF-16 units long, the last of them an ellipsis where it was cut.</summary>
    public static string Line(string? text, int most)
    {
        if (string.IsNullOrEmpty(text)) return "";
        var line = new StringBuilder(Math.Min(text.Length, most));
        foreach (var rune in text.EnumerateRunes())
        {
            var shown = VisibleText.Line(rune.ToString());
            if (line.Length + shown.Length > most - 1)
            {
                line.Append('…');
                break;
            }

            line.Append(shown);
        }

        return line.ToString();
    }

    /// <summary>What there is to tell beside the text, as pairs of a word and a value; a value is what users wrote.</summary>
    public static IReadOnlyList<(string Word, string Value)> Facts(Notification n)
    {
        List<(string, string?)> facts =
        [
            (n.Kind.Replace("BreakGlass", "", StringComparison.Ordinal), n.Name),
            ("Policy", n.Kind.EndsWith("Policy", StringComparison.Ordinal) ? null : n.Policy),
            ("Who", n.Who),
            ("Why", n.Justification),
            ("Ticket", n.Ticket),
            ("Access until", n.ExpiresAt is { } end ? Time(end) : null),
            ("Cluster", n.Cluster),
        ];
        return [.. facts.Where(fact => !string.IsNullOrEmpty(fact.Item2)).Select(fact => (fact.Item1, Line(fact.Item2, 500)))];
    }

    /// <summary>RFC 3339 in UTC, whole seconds.</summary>
    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>The severity as a word.</summary>
    public static string Word(NotificationSeverity severity) => severity switch
    {
        NotificationSeverity.Critical => "critical",
        NotificationSeverity.Error => "error",
        NotificationSeverity.Warning => "warning",
        _ => "info",
    };
}
