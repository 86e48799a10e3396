using System.Net;
using BreakGlass.Cli.Replay;

namespace BreakGlass.Cli.Evidence;

/// <summary>A report as Markdown, as a page that needs nothing else, and as data. Whatever people wrote into a grant stays text.</summary>
internal static class EvidenceText
{
    internal const string Style = """
        body{font:15px/1.5 system-ui,sans-serif;color:#1b1f24;max-width:70rem;margin:2rem auto;padding:0 1rem}
        h1{font-size:1.6rem}h2{font-size:1.1rem;margin-top:2rem;border-bottom:1px solid #d0d7de}
        table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #eaeef2;overflow-wrap:anywhere}
        th{font-weight:600}.names th{width:12rem}p.none,footer{color:#57606a}footer{margin-top:3rem;font-size:.85rem}
        @media print{body{margin:0;max-width:none}h2{break-after:avoid}tr{break-inside:avoid}}
        """;

    public static string Markdown(GrantEvidence evidence)
    {
        var text = new StringBuilder($"# {Escape(EvidenceDocument.Title(evidence))}\n");
        foreach (var section in EvidenceDocument.Sections(evidence))
        {
            text.Append("\n## ").Append(section.Title).Append("\n\n");
            if (section.Rows.Count == 0)
            {
                text.Append(Escape(section.Otherwise)).Append('\n');
                continue;
            }

            var columns = section.Columns.Count == 0 ? (string[])["", ""] : section.Columns;
            text.Append("| ").Append(string.Join(" | ", columns)).Append(" |\n|").Append(string.Concat(columns.Select(_ => "---|"))).Append('\n');
            foreach (var row in section.Rows) text.Append("| ").Append(string.Join(" | ", row.Select(Escape))).Append(" |\n");
        }

        return text.Append("\n---\n").Append(Escape(EvidenceDocument.Footer(evidence))).Append('\n').ToString();
    }

    public static string Html(GrantEvidence evidence)
    {
        var title = WebUtility.HtmlEncode(EvidenceDocument.Title(evidence));
        var streams = evidence.Journal?.Streams ?? [];
        var (policy, style) = streams.Count > 0
            ? (PlayerMarkup.Policy, $"{Style}\n{PlayerMarkup.Style}") : ("default-src 'none'; style-src 'unsafe-inline'", Style);
        var text = new StringBuilder($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="{policy}">
            <title>{title}</title>
            <style>
            {style}
            </style>
            </head>
            <body>
            <h1>{title}</h1>

            """);
        foreach (var section in EvidenceDocument.Sections(evidence)) Section(text, section);
        foreach (var stream in streams)
        {
            var number = StreamWords.Number(evidence.Journal!.Recordings, stream.Recording);
            text.Append(CultureInfo.InvariantCulture, $"<h2>Recording {number}</h2>\n");
            PlayerMarkup.Write(text, number, stream);
        }

        text.Append("<footer>").Append(WebUtility.HtmlEncode(EvidenceDocument.Footer(evidence))).Append("</footer>\n");
        return text.Append(streams.Count > 0 ? PlayerMarkup.End : "").Append("</body>\n</html>\n").ToString();
    }

    public static JsonObject Json(GrantEvidence evidence)
    {
        var grant = evidence.Grant with { Status = evidence.Grant.Status with { CredentialJwe = null } };
        var json = new JsonObject
        {
            ["grant"] = OutputFormat.ToNode(grant),
            ["policy"] = evidence.Policy is { } policy ? OutputFormat.ToNode(policy) : null,
            ["approvals"] = new JsonArray([.. evidence.Approvals.Select(OutputFormat.ToNode)]),
            ["reviews"] = new JsonArray([.. evidence.Reviews.Select(OutputFormat.ToNode)]),
            ["session"] = evidence.Session is { } session ? OutputFormat.ToNode(session) : null,
            ["events"] = new JsonArray([.. evidence.Events.Select(OutputFormat.ToNode)]),
            ["notRead"] = new JsonArray([.. evidence.Unread.Select(u => (JsonNode?)u)]),
            ["preliminary"] = evidence.IsPreliminary,
            ["madeAt"] = Core.Timestamp.Text(evidence.At),
        };
        if (evidence.Journal is { } journal) json["recordings"] = CommandEvidence.Json(journal);
        return json;
    }

    private static void Section(StringBuilder text, EvidenceSection section)
    {
        text.Append("<h2>").Append(section.Title).Append("</h2>\n");
        if (section.Rows.Count == 0)
        {
            text.Append("<p class=\"none\">").Append(WebUtility.HtmlEncode(section.Otherwise)).Append("</p>\n");
            return;
        }

        text.Append(section.Columns.Count == 0 ? "<table class=\"names\">\n" : "<table>\n");
        if (section.Columns.Count > 0) text.Append("<tr>").Append(string.Concat(section.Columns.Select(c => $"<th>{c}</th>"))).Append("</tr>\n");
        foreach (var row in section.Rows)
        {
            text.Append("<tr>");
            for (var i = 0; i < row.Count; i++)
            {
                var tag = section.Columns.Count == 0 && i == 0 ? "th" : "td";
                text.Append('<').Append(tag).Append('>')
                    .Append(WebUtility.HtmlEncode(VisibleText.Lines(row[i].ReplaceLineEndings("\n"))).ReplaceLineEndings("<br>"))
                    .Append("</").Append(tag).Append('>');
            }

            text.Append("</tr>\n");
        }

        text.Append("</table>\n");
    }

    /// <summary>Nothing that a person wrote may become a link, a heading, a tag or another cell.</summary>
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length + 16);
        foreach (var c in VisibleText.Lines(text.ReplaceLineEndings("\n")))
        {
            switch (c)
            {
                case '\n':
                    escaped.Append("<br>");
                    break;
                case '<':
                    escaped.Append("&lt;");
                    break;
                case '>':
                    escaped.Append("&gt;");
                    break;
                case '&':
                    escaped.Append("&amp;");
                    break;
                case '|' or '\\' or '`' or '*' or '_' or '[' or ']' or '#' or '!' or '~':
                    escaped.Append('\\').Append(c);
                    break;
                default:
                    escaped.Append(char.IsControl(c) ? ' ' : c);
                    break;
            }
        }

        return escaped.ToString();
    }
}
