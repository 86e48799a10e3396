using System.Security.Cryptography.X509Certificates;

namespace BreakGlass.Core.Credentials;

/// <summary>
/// Which grant a client certificate for the gateway is for: the certificate names it in a URI of its subject alternative names (RFC 5280, 4.2.1.6), as
/// <c>breakglass://grants/NAME/UID</c>. Whether the certificate is believed is for the gateway to decide: it accepts the one that the grant's status records.
/// </summary>
/// <param name="Grant">The name of the grant.</param>
/// <param name="Uid">The UID of the grant.</param>
public sealed record GrantCertificate(string Grant, string Uid)
{
    private const string Prefix = "breakglass://grants/";

    /// <summary>The URI that names the grant.</summary>
    public Uri Uri => new($"{Prefix}{Grant}/{Uid}");

    /// <summary>Reads the grant from a certificate; null if it names none, or more than one.</summary>
    /// <param name="certificate">Any certificate.</param>
    public static GrantCertificate? Read(X509Certificate2 certificate) => CertificateUris.Of(certificate) is [var uri] ? Parse(uri) : null;

    private static GrantCertificate? Parse(string uri) =>
        uri.StartsWith(Prefix, StringComparison.Ordinal) && uri[Prefix.Length..].Split('/') is [{ Length: > 0 } grant, { Length: > 0 } uid]
            ? new(grant, uid) : null;
}
