namespace BreakGlass.CrdGen.Tests;

internal sealed record Loop
{
    public Loop? Next { get; init; }
}
