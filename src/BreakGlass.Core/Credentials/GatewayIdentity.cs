using System.Security.Cryptography.X509Certificates;

namespace BreakGlass.Core.Credentials;

/// <summary>
/// Which certificate is the gateway's own: it names <see cref="Uri"/> in a URI, as the certificate of a grant names the grant
/// (<see cref="GrantCertificate"/>). Both are signed by the same authority, and neither is taken for the other.
/// </summary>
public static class GatewayIdentity
{
    /// <summary>The SAN URI of the certificate by which the operator recognizes its gateway.</summary>
    public const string Uri = "breakglass://gateway";

    // As .NET writes the URI: with the path that is not there.
    private const string Written = Uri + "/";

    /// <summary>Whether a certificate names the gateway and nothing else. Whether its signature is good is for the caller to check.</summary>
    /// <param name="certificate">Any certificate.</param>
    public static bool IsIn(X509Certificate2 certificate) => CertificateUris.Of(certificate) is [Uri or Written];
}
