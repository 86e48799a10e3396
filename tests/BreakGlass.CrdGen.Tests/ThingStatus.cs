namespace BreakGlass.CrdGen.Tests;

internal sealed record ThingStatus
{
    public long? Generation { get; init; }

    public IReadOnlyList<Part> Parts { get; init; } = [];
}
