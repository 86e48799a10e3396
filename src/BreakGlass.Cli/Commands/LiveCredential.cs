namespace BreakGlass.Cli.Commands;

/// <summary>A credential that works until it ends by this machine's clock, with which kubectl compares it. Its text form does not show it.</summary>
internal sealed record LiveCredential(string Grant, string Uid, ClientCredential Client, DateTimeOffset Ends)
{
    /// <inheritdoc/>
    public override string ToString() => $"credential of {Grant}";
}
