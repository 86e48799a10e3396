using System.Net;
using BreakGlass.Cli.Evidence;

namespace BreakGlass.Cli.Drills;

/// <summary>The report of drills as a page: a chart of the last runs of each, and their phases. It needs no network, and runs no script.</summary>
internal static class DrillPage
{
    private const string Style = """
        svg{max-width:100%;height:auto}.Failed{color:#cf222e}.Passed{color:#1a7f37}
        """;

    public static string Html(IReadOnlyList<BreakGlassDrill> drills, DateTimeOffset now)
    {
        var text = new StringBuilder($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>Break-glass drills</title>
            <style>
            {EvidenceText.Style}
            {Style}
            </style>
            </head>
            <body>
            <h1>Break-glass drills</h1>

            """);
        foreach (var drill in drills) Drill(text, drill);
        return text.Append("<footer>").Append(Encoded($"Created at {Timestamp.Text(now)} by kubectl breakglass {ThisVersion.Text.Split('+')[0]}."))
            .Append("</footer>\n</body>\n</html>\n").ToString();
    }

    private static void Drill(StringBuilder text, BreakGlassDrill drill)
    {
        text.Append("<h2>").Append(Encoded(drill.Metadata.Name)).Append("</h2>\n");
        var (spec, status) = (drill.Spec, drill.Status);
        var passing = Conditions.Find(status.Conditions, DrillConditions.Passing);
        Names(text, [("Policy", spec.Policy), ("Schedule", $"{spec.Schedule} ({spec.TimeZone})"), ("Mode", spec.Mode.ToString()),
            ("End", spec.End.ToString()), (DrillConditions.Passing, passing is null ? "" : $"{passing.Status}: {passing.Message}"),
            ("Last passed", status.LastPassedAt is { } at ? Timestamp.Text(at) : "never"),
            ("Next run", status.NextRunAt is { } next ? Timestamp.Text(next) : "")]);
        if (status.Runs.Count == 0)
        {
            text.Append("<p class=\"none\">The drill never ran.</p>\n");
            return;
        }

        text.Append(DrillChart.Svg([.. status.Runs.Reverse()]));
        string[] columns = ["Started", "Trigger", "End", "Result", "Access", "Denial", "Proof", "Failures"];
        text.Append("<table>\n<tr>").AppendJoin("", columns.Select(column => $"<th>{column}</th>")).Append("</tr>\n");
        foreach (var run in status.Runs)
        {
            text.Append("<tr>");
            foreach (var cell in (string?[])[Timestamp.Text(run.StartedAt), run.Trigger.ToString(), run.End.ToString()]) Cell(text, cell);
            text.Append(CultureInfo.InvariantCulture, $"<td class=\"{run.Result}\">{run.Result}</td>");
            foreach (var cell in (string?[])[run.TimeToAccess, run.TimeToDenial, run.ProofOfEnd, string.Join(' ', run.Failures)]) Cell(text, cell);
            text.Append("</tr>\n");
        }

        text.Append("</table>\n<h3>").Append(Encoded($"The run of {Timestamp.Text(status.Runs[0].StartedAt)}")).Append("</h3>\n");
        text.Append("<table>\n<tr><th>Phase</th><th>Result</th><th>Took</th><th></th></tr>\n");
        foreach (var phase in status.Runs[0].Phases)
        {
            text.Append("<tr>");
            foreach (var cell in (string?[])[phase.Name, phase.Result.ToString(), phase.Took, phase.Message]) Cell(text, cell);
            text.Append("</tr>\n");
        }

        text.Append("</table>\n");
    }

    private static void Names(StringBuilder text, IEnumerable<(string Name, string Value)> rows)
    {
        text.Append("<table class=\"names\">\n");
        foreach (var (name, value) in rows)
            text.Append("<tr><th>").Append(name).Append("</th><td>").Append(Encoded(value)).Append("</td></tr>\n");
        text.Append("</table>\n");
    }

    private static void Cell(StringBuilder text, string? value) => text.Append("<td>").Append(Encoded(value ?? "")).Append("</td>");

    private static string Encoded(string text) => WebUtility.HtmlEncode(VisibleText.Line(text));
}
