using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Credentials;

namespace BreakGlass.Gateway.Tests;

/// <summary>An authority that signs certificates of servers and of grants.</summary>
internal sealed class TestAuthority : IDisposable
{
    public const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    public const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private static readonly DateTimeOffset s_from = TimeProvider.System.GetUtcNow().AddYears(-1);

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TestAuthority(string name)
    {
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        Certificate = request.CreateSelfSigned(s_from, s_from.AddYears(10));
    }

    public X509Certificate2 Certificate { get; }

    public string Pem => Certificate.ExportCertificatePem();

    /// <summary>A certificate of a server on this machine.</summary>
    public (string Certificate, string Key) Server(string name = "localhost")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name == "localhost" ? "CN=localhost" : "CN=server", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        if (name == "localhost") names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(Certificate, s_from, s_from.AddYears(5), Serial());
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>A grant's client certificate.</summary>
    public X509Certificate2 Client(string grant, string uid, DateTimeOffset notAfter, string use = ClientAuthentication) =>
        Client(new GrantCertificate(grant, uid).Uri, notAfter, use);

    /// <summary>A client certificate with any URI, or none.</summary>
    public X509Certificate2 Client(Uri? uri, DateTimeOffset notAfter, string use = ClientAuthentication)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(key, uri, use);
        using var certificate = request.Create(Certificate, s_from, notAfter, Serial());
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>A client certificate that signed itself.</summary>
    public static X509Certificate2 SelfSigned(string grant, string uid, DateTimeOffset notAfter)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Request(key, new GrantCertificate(grant, uid).Uri, ClientAuthentication).CreateSelfSigned(s_from, notAfter);
    }

    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
    }

    private static CertificateRequest Request(ECDsa key, Uri? uri, string use)
    {
        var request = new CertificateRequest("CN=grant", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(use)], false));
        if (uri is null) return request;
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(uri);
        request.CertificateExtensions.Add(names.Build());
        return request;
    }

    private static byte[] Serial() => [1, .. RandomNumberGenerator.GetBytes(15)];
}
