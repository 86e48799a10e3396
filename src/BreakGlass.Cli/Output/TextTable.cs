using Spectre.Console;

namespace BreakGlass.Cli.Output;

/// <summary>Rows as kubectl shows them; on a terminal with colours, and wrapped to its width.</summary>
internal sealed class TextTable(params string[] columns)
{
    private readonly List<Cell[]> _rows = [];

    public int Count => _rows.Count;

    public void Add(params Cell[] cells) => _rows.Add(cells);

    public async Task WriteAsync(CliHost host)
    {
        if (host is { OutIsTerminal: true, MayColour: true }) WriteColoured(host);
        else await host.Out.WriteAsync(Text());
    }

    /// <summary>The table without colour: three spaces between columns.</summary>
    public string Text()
    {
        Cell[][] rows = [[.. columns.Select(c => new Cell(c))], .. _rows];
        var widths = columns.Select((_, i) => rows.Max(r => r[i].Text.Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            var line = string.Join("   ", row.Select((cell, i) => VisibleText.Line(cell.Text).PadRight(widths[i])));
            text.Append(line.TrimEnd()).Append('\n');
        }

        return text.ToString();
    }

    private void WriteColoured(CliHost host)
    {
        var table = new Table().Border(TableBorder.None).HideHeaders();
        foreach (var column in columns) table.AddColumn(new TableColumn(Markup.Escape(column)).PadRight(2));
        table.ShowHeaders = true;
        foreach (var row in _rows) table.AddRow(row.Select(c => new Markup(Markup.Escape(VisibleText.Line(c.Text)), Style(c.Tone))));
        Terminal.For(host, host.Out, isTerminal: true).Write(table);
    }

    private static Style Style(Tone tone) => tone switch
    {
        Tone.Good => new(Color.Green),
        Tone.Waiting => new(Color.Yellow),
        Tone.Bad => new(Color.Red),
        Tone.Faint => new(Color.Grey),
        _ => Spectre.Console.Style.Plain,
    };
}
