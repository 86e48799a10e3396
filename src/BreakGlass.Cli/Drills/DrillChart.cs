using System.Net;

namespace BreakGlass.Cli.Drills;

/// <summary>The times of the last runs as bars, the oldest on the left: access, denial, proof. A run that failed is marked.</summary>
internal static class DrillChart
{
    private const int Width = 720;
    private const int Height = 220;
    private const int Left = 56;
    private const int Top = 12;
    private const int Bottom = 44;

    private static readonly (string Name, string Colour, Func<DrillRun, string?> Took)[] Series =
    [
        ("access", "#0969da", r => r.TimeToAccess), ("denial", "#8250df", r => r.TimeToDenial), ("proof of end", "#9a6700", r => r.ProofOfEnd),
    ];

    /// <summary>The chart.</summary>
    /// <param name="runs">The runs, the oldest first.</param>
    public static string Svg(IReadOnlyList<DrillRun> runs)
    {
        var most = runs.SelectMany(r => Series.Select(s => DrillWords.Seconds(s.Took(r)) ?? 0)).DefaultIfEmpty(0).Max();
        var top = most <= 0 ? 1 : most;
        var (plot, slot) = (Height - Top - Bottom, (Width - Left) / (double)Math.Max(1, runs.Count));
        var bar = Math.Min(18, slot / (Series.Length + 1));
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"Times of the last runs\" "
            + $"font-family=\"system-ui,sans-serif\" font-size=\"11\">\n");
        for (var line = 0; line <= 4; line++)
        {
            var y = Top + plot - (plot * line / 4.0);
            text.Append(CultureInfo.InvariantCulture,
                $"<line x1=\"{Left}\" y1=\"{y:0.#}\" x2=\"{Width}\" y2=\"{y:0.#}\" stroke=\"#d0d7de\"/>"
                + $"<text x=\"{Left - 6}\" y=\"{y + 4:0.#}\" text-anchor=\"end\" fill=\"#57606a\">{top * line / 4:0.##} s</text>\n");
        }

        foreach (var (i, run) in runs.Index())
        {
            var from = Left + (slot * i) + ((slot - (bar * Series.Length)) / 2);
            foreach (var (j, series) in Series.Index())
            {
                if (DrillWords.Seconds(series.Took(run)) is not { } seconds) continue;
                var height = Math.Max(1, plot * seconds / top);
                text.Append(CultureInfo.InvariantCulture,
                    $"<rect x=\"{from + (bar * j):0.#}\" y=\"{Top + plot - height:0.#}\" width=\"{Math.Max(1, bar - 1):0.#}\" height=\"{height:0.#}\" "
                    + $"fill=\"{series.Colour}\"><title>{series.Name} {seconds:0.###} s, {Encoded(Timestamp.Text(run.StartedAt))}</title></rect>\n");
            }

            var (middle, isFailed) = (Left + (slot * (i + 0.5)), run.Result is DrillResult.Failed);
            text.Append(CultureInfo.InvariantCulture,
                $"<text x=\"{middle:0.#}\" y=\"{Top + plot + 14}\" text-anchor=\"middle\" fill=\"{(isFailed ? "#cf222e" : "#57606a")}\">"
                + $"{(isFailed ? "✗ " : "")}{run.StartedAt.UtcDateTime:MM-dd}</text>\n");
        }

        foreach (var (j, series) in Series.Index())
        {
            text.Append(CultureInfo.InvariantCulture,
                $"<rect x=\"{Left + (j * 120)}\" y=\"{Height - 16}\" width=\"10\" height=\"10\" fill=\"{series.Colour}\"/>"
                + $"<text x=\"{Left + 14 + (j * 120)}\" y=\"{Height - 7}\">{series.Name}</text>\n");
        }

        return text.Append("</svg>\n").ToString();
    }

    private static string Encoded(string text) => WebUtility.HtmlEncode(text);
}
