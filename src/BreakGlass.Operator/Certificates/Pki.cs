using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Credentials;

namespace BreakGlass.Operator.Certificates;

/// <summary>Makes the authorities and the certificates of the webhooks and of the gateway: ECDSA on P-256, except for clients that bring a key.</summary>
internal static class Pki
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>The upper bound of a common name (RFC 5280, appendix A.1).</summary>
    private const int LongestCommonName = 64;

    public static readonly TimeSpan LeafLife = TimeSpan.FromDays(90);

    /// <summary>The clock of the API server, or of the gateway, may be behind ours.</summary>
    public static readonly TimeSpan Backdated = TimeSpan.FromMinutes(5);

    /// <summary>An authority that can sign certificates of servers and clients and no other authority.</summary>
    public static CertifiedKey NewAuthority(DateTimeOffset now, CertificateUse? use = null)
    {
        use ??= CertificateUse.Webhook;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        // A name of its own for each, so that the chain of a certificate is never a matter of trying.
        var name = $"CN={use.Authority} {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using var certificate = request.CreateSelfSigned(now - Backdated, now + use.AuthorityLife);
        return new(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>
    /// A certificate for a server of some names or IP addresses, good for nothing else; of the gateway, also for the client that it is to the operator.
    /// </summary>
    public static CertifiedKey NewLeaf(CertifiedKey authority, IReadOnlyList<string> names, DateTimeOffset now, CertificateUse? use = null)
    {
        using var issuer = authority.Open();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        use ??= CertificateUse.Webhook;
        var request = new CertificateRequest($"CN={use.Leaf}", key, HashAlgorithmName.SHA256);
        ForNothingBut(request, use.Identity is null ? [ServerAuthentication] : [ServerAuthentication, ClientAuthentication], issuer);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address)) alternatives.AddIpAddress(address);
            else alternatives.AddDnsName(name);
        }

        if (use.Identity is { } identity) alternatives.AddUri(new(identity));
        request.CertificateExtensions.Add(alternatives.Build());
        var (from, until) = (now - Backdated, now + LeafLife);
        if (from < From(issuer)) from = From(issuer);
        if (until > Until(issuer)) until = Until(issuer);
        using var certificate = request.Create(issuer, from, until, SerialNumber());
        return new(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>A certificate for one client of the gateway, good for nothing else. The caller disposes of it.</summary>
    /// <param name="authority">Who signs it.</param>
    /// <param name="grant">Which grant it is for.</param>
    /// <param name="publicKey">The client's key (SubjectPublicKeyInfo), of any kind.</param>
    /// <param name="from">When it begins; not before the authority does.</param>
    /// <param name="until">When it ends, in whole seconds; not after the authority does.</param>
    public static X509Certificate2 NewClient(CertifiedKey authority, GrantCertificate grant, byte[] publicKey, DateTimeOffset from, DateTimeOffset until)
    {
        using var issuer = authority.Open();
        using var key = issuer.GetECDsaPrivateKey()!;
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(grant.Grant[..Math.Min(grant.Grant.Length, LongestCommonName)]);
        var request = new CertificateRequest(name.Build(), PublicKey.CreateFromSubjectPublicKeyInfo(publicKey, out _), HashAlgorithmName.SHA256);
        ForNothingBut(request, [ClientAuthentication], issuer);
        var alternatives = new SubjectAlternativeNameBuilder();
        alternatives.AddUri(grant.Uri);
        request.CertificateExtensions.Add(alternatives.Build());
        if (from < From(issuer)) from = From(issuer);
        if (until > Until(issuer)) until = Until(issuer);
        return request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(key), from, until, SerialNumber());
    }

    /// <summary>Whether a certificate was signed by an authority.</summary>
    public static bool IsSignedBy(X509Certificate2 certificate, X509Certificate2 authority)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        return chain.Build(certificate);
    }

    /// <summary>Whether an authority can sign a leaf as it is made here; one that somebody else made may be of another kind.</summary>
    public static bool CanSign(X509Certificate2 authority)
    {
        using var key = authority.GetECDsaPrivateKey();
        return key is not null
            && authority.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Any()
            && authority.Extensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority);
    }

    /// <summary>Whether a certificate is for exactly these names.</summary>
    public static bool IsFor(X509Certificate2 certificate, IReadOnlyList<string> names)
    {
        if (certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault() is not { } alternatives) return false;
        var have = alternatives.EnumerateDnsNames().Concat(alternatives.EnumerateIPAddresses().Select(a => a.ToString()));
        return have.ToHashSet(StringComparer.OrdinalIgnoreCase).SetEquals(names.Select(AsInCertificate));
    }

    // An address can be written in many ways, and a name with letters beyond ASCII stands in a certificate as punycode.
    private static string AsInCertificate(string name) => IPAddress.TryParse(name, out var address) ? address.ToString() : new IdnMapping().GetAscii(name);

    /// <summary>Whether a certificate can be used as a client that a use requires; true if it requires none.</summary>
    public static bool HasIdentity(X509Certificate2 certificate, CertificateUse use) => use.Identity is null || (GatewayIdentity.IsIn(certificate)
        && certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().SelectMany(e => e.EnhancedKeyUsages.Cast<Oid>())
            .Any(o => o.Value == ClientAuthentication));

    /// <summary>When two thirds of a certificate's life are over.</summary>
    public static DateTimeOffset RenewAt(X509Certificate2 certificate)
    {
        var (from, until) = (From(certificate), Until(certificate));
        return from + ((until - from) * 2 / 3);
    }

    /// <summary>When a certificate begins to hold; a little before it was made.</summary>
    public static DateTimeOffset From(X509Certificate2 certificate) => new(certificate.NotBefore);

    public static DateTimeOffset Until(X509Certificate2 certificate) => new(certificate.NotAfter);

    private static void ForNothingBut(CertificateRequest request, IEnumerable<string> uses, X509Certificate2 issuer)
    {
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. uses.Select(use => new Oid(use))], critical: false));
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
    }

    // Positive, and of the 20 bytes at most that RFC 5280 allows.
    private static byte[] SerialNumber()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        return serial;
    }
}
