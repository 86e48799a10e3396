namespace BreakGlass.Core.Sessions;

/// <summary>A token of a ServiceAccount that a grant's identity created (TokenRequest): by it, the identity can act as that ServiceAccount.</summary>
/// <param name="CredentialId">The ID of the token in audit events, for example <c>JTI=…</c>. It is not a secret.</param>
/// <param name="Username">The user name of the ServiceAccount.</param>
/// <param name="Grant">The name of the grant.</param>
/// <param name="GrantUid">The UID of the grant.</param>
/// <param name="IssuedAt">When the API server received the request for the token.</param>
/// <param name="ByName">Whether only a user's name and the time say that the grant's access was used.</param>
public sealed record MintedToken(string CredentialId, string Username, string Grant, string GrantUid, DateTimeOffset IssuedAt, bool ByName)
{
    /// <summary>Whether another replica received the event of its creation, so that this one does not write it.</summary>
    public bool IsOthers { get; init; }
}
