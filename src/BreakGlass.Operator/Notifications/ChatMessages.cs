namespace BreakGlass.Operator.Notifications;

/// <summary>Messages for chats, where text that is taken for markup could call people, hide links or pretend to be something else.</summary>
internal static class ChatMessages
{
    private const int MostText = 2000;

    /// <summary>
    /// Block Kit. Elements of the type plain_text know neither links nor mentions; the fallback text does, so there (and, as Slack asks, everywhere)
    /// the three characters that begin markup are entities. Headers hold 150 characters, texts 3000, fields 2000.
    /// </summary>
    public static JsonObject Slack(Notification n)
    {
        JsonNode?[] fields = [.. DisplayText.Facts(n).Select(fact => SlackText($"{fact.Word}: {fact.Value}", 2000))];
        return new()
        {
            ["text"] = SlackEscape(DisplayText.Line($"{Title(n)}: {n.Text}", MostText)),
            ["mrkdwn"] = false,
            ["unfurl_links"] = false,
            ["unfurl_media"] = false,
            ["blocks"] = new JsonArray(
                new JsonObject { ["type"] = "header", ["text"] = SlackText(Title(n), 150) },
                new JsonObject { ["type"] = "section", ["text"] = SlackText(DisplayText.Line(n.Text, MostText), 3000) },
                new JsonObject { ["type"] = "section", ["fields"] = new JsonArray(fields) }),
        };
    }

    /// <summary>
    /// An Adaptive Card as Teams workflows take it. TextBlocks and facts read Markdown; TextRuns do not. Both replace {{DATE(…)}} and {{TIME(…)}},
    /// so two opening braces never stand side by side.
    /// </summary>
    public static JsonObject Teams(Notification n)
    {
        JsonNode?[] body =
        [
            Rich(Run(Title(n), bold: true, size: "Large", color: n.Severity switch
            {
                NotificationSeverity.Critical or NotificationSeverity.Error => "Attention",
                NotificationSeverity.Warning => "Warning",
                _ => "Default",
            })),
            Rich(Run(DisplayText.Line(n.Text, MostText))),
            .. DisplayText.Facts(n).Select(fact => Rich(Run($"{fact.Word}: ", bold: true), Run(fact.Value))),
        ];
        return new()
        {
            ["type"] = "message",
            ["attachments"] = new JsonArray(new JsonObject
            {
                ["contentType"] = "application/vnd.microsoft.card.adaptive",
                ["content"] = new JsonObject
                {
                    ["$schema"] = "http://adaptivecards.io/schemas/adaptive-card.json",
                    ["type"] = "AdaptiveCard",
                    ["version"] = "1.4",
                    ["msteams"] = new JsonObject { ["width"] = "Full" },
                    ["body"] = new JsonArray(body),
                },
            }),
        };
    }

    private static string Title(Notification n) => DisplayText.Line($"{n.Event} {n.Name}", 100);

    // What is too long makes Slack refuse the whole message, and an entity counts for each of its characters.
    private static JsonObject SlackText(string text, int most)
    {
        while (SlackEscape(text).Length > most) text = DisplayText.Line(text, text.Length * 3 / 4);
        return new() { ["type"] = "plain_text", ["text"] = SlackEscape(text), ["emoji"] = false };
    }

    private static string SlackEscape(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);

    private static JsonObject Rich(params JsonNode?[] runs) => new() { ["type"] = "RichTextBlock", ["inlines"] = new JsonArray(runs) };

    private static JsonObject Run(string text, bool bold = false, string? size = null, string? color = null)
    {
        while (text.Contains("{{", StringComparison.Ordinal)) text = text.Replace("{{", "{ {", StringComparison.Ordinal);
        var run = new JsonObject { ["type"] = "TextRun", ["text"] = text };
        if (bold) run["weight"] = "Bolder";
        if (size is not null) run["size"] = size;
        if (color is not null) run["color"] = color;
        return run;
    }
}
