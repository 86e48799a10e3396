using System.Text;

namespace BreakGlass.Cli.Tests.Support;

/// <summary>What was written, which can be read while the plugin still writes.</summary>
internal sealed class Screen : TextWriter
{
    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new();

    public Screen() => NewLine = "\n";

    /// <inheritdoc/>
    public override Encoding Encoding => Encoding.UTF8;

    /// <inheritdoc/>
    public override void Write(char value)
    {
        lock (_lock) _text.Append(value);
    }

    /// <inheritdoc/>
    public override void Write(string? value)
    {
        lock (_lock) _text.Append(value);
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        lock (_lock) _text.Clear();
    }

    /// <summary>All that was written.</summary>
    public override string ToString()
    {
        lock (_lock) return _text.ToString();
    }
}
