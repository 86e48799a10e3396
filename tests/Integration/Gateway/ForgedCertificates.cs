using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Credentials;

namespace Integration.Gateway;

/// <summary>Client certificates that an attacker makes.</summary>
internal static class ForgedCertificates
{
    /// <summary>A certificate that names a grant, signed by an authority; by itself if there is none.</summary>
    public static X509Certificate2 Make(X509Certificate2? authority, string grant, string uid, DateTimeOffset notAfter)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={grant}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new GrantCertificate(grant, uid).Uri);
        request.CertificateExtensions.Add(names.Build());
        var from = notAfter.AddHours(-1);
        if (authority is null) return request.CreateSelfSigned(from, notAfter);
        var generator = X509SignatureGenerator.CreateForECDsa(authority.GetECDsaPrivateKey()!);
        using var certificate = request.Create(authority.SubjectName, generator, from, notAfter, [1, .. RandomNumberGenerator.GetBytes(15)]);
        return certificate.CopyWithPrivateKey(key);
    }
}
