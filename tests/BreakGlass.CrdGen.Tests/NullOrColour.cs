using BreakGlass.Core.Schema;

namespace BreakGlass.CrdGen.Tests;

internal sealed record NullOrColour
{
    [Nullable]
    public Colour? Colour { get; init; }
}
