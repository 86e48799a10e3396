namespace BreakGlass.Cli.Output;

/// <summary>What a cell means, for its colour.</summary>
internal enum Tone
{
    Plain,
    Good,
    Waiting,
    Bad,
    Faint,
}
