namespace BreakGlass.Core.Rules;

/// <summary>One window as it falls on one day.</summary>
/// <param name="Start">Its first instant.</param>
/// <param name="End">The first instant past it.</param>
public sealed record Window(DateTimeOffset Start, DateTimeOffset End)
{
    /// <summary>Whether an instant lies in it.</summary>
    public bool Holds(DateTimeOffset at) => Start <= at && at < End;
}
