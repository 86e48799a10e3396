using System.Text;

namespace BreakGlass.Cli.Tests.Support;

/// <summary>A terminal that can be closed: from then on it cannot be written to.</summary>
internal sealed class Terminal(Screen screen, Func<bool> isGone) : TextWriter
{
    /// <inheritdoc/>
    public override Encoding Encoding => Encoding.UTF8;

    /// <inheritdoc/>
    public override void Write(char value) => Write(value.ToString());

    /// <inheritdoc/>
    public override void Write(string? value)
    {
        if (isGone()) throw new IOException("Input/output error");
        screen.Write(value);
    }

    /// <inheritdoc/>
    public override void WriteLine(string? value) => Write($"{value}\n");
}
