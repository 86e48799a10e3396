using System.Text;

namespace Benchmarks;

/// <summary>The figures of a run, as they are printed and kept.</summary>
/// <param name="place">The name of the place in the page where they are kept.</param>
internal sealed class Report(string place)
{
    private readonly string _begin = $"<!-- {place}: begin (written by 'make bench') -->";
    private readonly string _end = $"<!-- {place}: end -->";
    private readonly List<Figure> _figures = [];
    private readonly List<string> _tables = [];

    public void Add(Figure figure)
    {
        _figures.Add(figure);
        Progress.Say($"  => {figure.Name}: {figure.Measured}{(figure.Floor.Length > 0 ? $" (floor {figure.Floor})" : "")}{Verdict(figure, " target ")}");
    }

    /// <summary>Whether there is no figure.</summary>
    public bool IsEmpty => _figures.Count == 0;

    /// <summary>A table with details below the figures.</summary>
    public void AddTable(string title, IReadOnlyList<string> header, IEnumerable<IReadOnlyList<string>> rows) =>
        _tables.Add($"### {title}\n\n{Markdown([header, .. rows])}");

    public string Render(string machine)
    {
        var rows = _figures.Select(IReadOnlyList<string> (f) => [f.Name, f.Measured, f.Floor, Verdict(f, "")]);
        var text = new StringBuilder();
        text.Append(machine).Append("\n\n").Append(Markdown([["figure", "measured", "floor", "to reach"], .. rows]));
        foreach (var table in _tables) text.Append('\n').Append(table);
        return text.ToString();
    }

    /// <summary>Puts the rendered figures between the file's two marks.</summary>
    /// <exception cref="InvalidOperationException">The marks are not there.</exception>
    public void Write(string file, string rendered)
    {
        var text = File.ReadAllText(file);
        var begin = text.IndexOf(_begin, StringComparison.Ordinal);
        var end = text.IndexOf(_end, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
            throw new InvalidOperationException($"{Path.GetFileName(file)} lacks the lines '{_begin}' and '{_end}' that the figures go between.");
        File.WriteAllText(file, $"{text[..(begin + _begin.Length)]}\n{rendered}{text[end..]}");
    }

    private static string Verdict(Figure figure, string before) =>
        figure.Reached is { } reached ? $"{before}{figure.Target} {(reached ? "✓" : "✗")}" : figure.Target.Length > 0 ? before + figure.Target : "";

    private static string Markdown(IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var widths = Enumerable.Range(0, rows[0].Count).Select(c => rows.Max(r => r[c].Length)).ToList();
        string Line(IReadOnlyList<string> cells) => $"| {string.Join(" | ", cells.Select((cell, c) => cell.PadRight(widths[c])))} |\n";
        return Line(rows[0]) + $"|{string.Join('|', widths.Select(w => new string('-', w + 2)))}|\n" + string.Concat(rows.Skip(1).Select(Line));
    }
}
