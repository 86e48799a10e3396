namespace BreakGlass.Operator.Outbound;

/// <summary>A text that shows itself to nobody who only prints it.</summary>
/// <param name="Value">The text.</param>
internal sealed record SecretText(string Value)
{
    /// <inheritdoc/>
    public override string ToString() => "[redacted]";
}
