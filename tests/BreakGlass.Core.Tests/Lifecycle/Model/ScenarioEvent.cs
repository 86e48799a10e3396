namespace BreakGlass.Core.Tests.Lifecycle.Model;

internal sealed record ScenarioEvent(EventKind Kind, int A, int B)
{
    public override string ToString() => $"{Kind}({A},{B})";
}
