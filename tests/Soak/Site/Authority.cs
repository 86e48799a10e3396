using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Soak.Site;

/// <summary>Server certificates for this machine, signed by the control plane's own authority, which everybody in the run trusts.</summary>
internal static class Authority
{
    public static X509Certificate2 Certificate(TestKit.ControlPlane cluster)
    {
        using var authority = X509Certificate2.CreateFromPemFile(cluster.CaCertificate, Path.ChangeExtension(cluster.CaCertificate, ".key"));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=soak", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(authority, new(authority.NotBefore), new(authority.NotAfter), RandomNumberGenerator.GetBytes(12));
        using var whole = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null);
    }
}
