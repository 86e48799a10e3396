namespace BreakGlass.Core.Sessions;

/// <summary>Whose event it is.</summary>
/// <param name="Grant">The grant.</param>
/// <param name="ByName">Whether only the user's name and the time say so.</param>
public sealed record Attributed(BreakGlassGrant Grant, bool ByName)
{
    /// <summary>The ServiceAccount whose token, which the grant's identity had created, the request was sent with; empty if it was not.</summary>
    public string TokenOf { get; init; } = "";
}
