namespace BreakGlass.Operator.Outbound;

/// <summary>A text that is not shown where it is only printed.</summary>
/// <param name="Value">The text.</param>
internal sealed record SecretText(string Value)
{
    /// <inheritdoc/>
    public override string ToString() => "[redacted]";
}
