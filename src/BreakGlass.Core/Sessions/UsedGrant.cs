namespace BreakGlass.Core.Sessions;

/// <summary>A grant that was active, and what was done with it.</summary>
/// <param name="Grant">The grant.</param>
/// <param name="Session">The record of its requests; null if there is none.</param>
public sealed record UsedGrant(BreakGlassGrant Grant, SessionStatus? Session);
