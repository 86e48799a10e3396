using System.Security.Cryptography;

namespace Kube.Client;

/// <summary>Reads certificates and keys from PEM and says what is wrong with them.</summary>
internal static class Certificates
{
    public static X509Certificate2Collection ReadAuthorities(string pem, string source)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPem(pem);
        }
        catch (CryptographicException e)
        {
            throw new KubeConfigException($"the certificate authority ({source}) is not a valid PEM certificate. Copy it again.", e);
        }

        return authorities.Count > 0 ? authorities : throw new KubeConfigException(
            $"the certificate authority ({source}) contains no PEM certificate (BEGIN CERTIFICATE). Copy it again.");
    }

    public static SslStreamCertificateContext ReadIdentity(string certificatePem, string keyPem, string source)
    {
        try
        {
            var certificate = X509Certificate2.CreateFromPem(certificatePem, keyPem);
            // Windows hands TLS only to keys that are in a store or came from PFX.
            if (OperatingSystem.IsWindows()) certificate = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(certificatePem);
            return SslStreamCertificateContext.Create(certificate, chain, offline: true);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // The cause is kept out: what it quotes may come from the key.
            throw new KubeConfigException(
                $"the client certificate or key ({source}) cannot be used: both must be unencrypted PEM and match. Copy them again.");
        }
    }
}
