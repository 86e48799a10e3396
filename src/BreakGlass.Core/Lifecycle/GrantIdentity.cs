namespace BreakGlass.Core.Lifecycle;

/// <summary>The grant that an object was made for.</summary>
/// <param name="Name">The grant's name.</param>
/// <param name="Uid">Its UID.</param>
public sealed record GrantIdentity(string Name, string Uid);
