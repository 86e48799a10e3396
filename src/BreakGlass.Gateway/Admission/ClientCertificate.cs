using System.Security.Cryptography;

namespace BreakGlass.Gateway.Admission;

/// <summary>What a client's certificate says. Read once for each connection.</summary>
/// <param name="Grant">The grant that it names; null if it names none.</param>
/// <param name="IsTrusted">Whether an authority of the gateway signed it, for clients.</param>
/// <param name="NotAfter">The last second of its validity.</param>
/// <param name="Raw">The certificate (DER).</param>
internal sealed record ClientCertificate(GrantCertificate? Grant, bool IsTrusted, DateTimeOffset NotAfter, ReadOnlyMemory<byte> Raw)
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>Reads a certificate.</summary>
    /// <param name="certificate">Any certificate: TLS accepts all of them.</param>
    /// <param name="authorities">The authorities of grants' certificates.</param>
    public static ClientCertificate Read(X509Certificate2 certificate, X509Certificate2Collection authorities) => new(
        GrantCertificate.Read(certificate), IsSigned(certificate, authorities), new(certificate.NotAfter), certificate.RawData);

    /// <summary>Whether it is, byte for byte, the first certificate of a PEM text.</summary>
    public bool Is(string? pem)
    {
        if (pem is null || !PemEncoding.TryFind(pem, out var fields)) return false;
        Span<byte> recorded = new byte[fields.DecodedDataLength];
        return pem.AsSpan(fields.Label) is "CERTIFICATE" && Convert.TryFromBase64Chars(pem.AsSpan(fields.Base64Data), recorded, out var written)
            && recorded[..written].SequenceEqual(Raw.Span);
    }

    /// <summary>
    /// Dates are left out here: a connection outlives this answer, and a sentence that says that the grant is over helps more than one about the signature.
    /// </summary>
    private static bool IsSigned(X509Certificate2 certificate, X509Certificate2Collection authorities)
    {
        if (authorities.Count == 0) return false;
        var uses = certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().SelectMany(e => e.EnhancedKeyUsages.Cast<Oid>());
        if (!uses.Any(use => use.Value == ClientAuthentication)) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        chain.ChainPolicy.ApplicationPolicy.Add(new(ClientAuthentication));
        return chain.Build(certificate);
    }
}
