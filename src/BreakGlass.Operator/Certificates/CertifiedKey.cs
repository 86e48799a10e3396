using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace BreakGlass.Operator.Certificates;

/// <summary>A certificate and its key in PEM. The text form never shows the key.</summary>
internal sealed record CertifiedKey(string CertificatePem, string KeyPem)
{
    /// <inheritdoc/>
    public override string ToString() => "CertifiedKey";

    /// <summary>The certificate with its key; the caller disposes of it.</summary>
    /// <exception cref="CryptographicException">They cannot be read or do not belong together.</exception>
    public X509Certificate2 Open()
    {
        try
        {
            return X509Certificate2.CreateFromPem(CertificatePem, KeyPem);
        }
        catch (ArgumentException e)
        {
            throw new CryptographicException("the certificate and the key do not match", e);
        }
    }
}
