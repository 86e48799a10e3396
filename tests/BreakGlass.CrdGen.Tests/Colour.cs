namespace BreakGlass.CrdGen.Tests;

internal enum Colour
{
    Red,
    Green,
}
