namespace BreakGlass.Core.Api;

/// <summary>How access reaches the requester.</summary>
public enum CredentialKind
{
    /// <summary>A token of a ServiceAccount that exists only for the grant.</summary>
    ServiceAccountToken,

    /// <summary>The operator binds the requester's own user name; there is no token.</summary>
    BindRequester,
}
