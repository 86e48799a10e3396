namespace BreakGlass.CrdGen.Tests;

internal sealed record Untellable
{
    public object? What { get; init; }
}
