namespace BreakGlass.Core.Api;

/// <summary>How the holder of a grant reaches the API server.</summary>
public enum SessionPath
{
    /// <summary>With a token of the grant's ServiceAccount, at the API server itself.</summary>
    Direct,

    /// <summary>
    /// With a client certificate, at the gateway. The gateway closes what the grant opened when the grant ends, and the token never leaves the cluster.
    /// </summary>
    Gateway,
}
