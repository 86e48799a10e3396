namespace Kube.Client;

/// <summary>Certificates as they were at one moment. Another instance means that new connections must be made.</summary>
internal sealed class TlsMaterial(ClusterConnection connection, (string? Authority, string? Certificate, string? Key) pem)
{
    private readonly (string? Authority, string? Certificate, string? Key) _pem = pem;

    public X509Certificate2Collection? Authorities { get; } =
        pem.Authority is null ? null : Certificates.ReadAuthorities(pem.Authority, $"{connection.CertificateAuthority}; {connection.Source}");

    public SslStreamCertificateContext? Identity { get; } = pem.Certificate is null || pem.Key is null ? null : Certificates.ReadIdentity(
        pem.Certificate, pem.Key, $"{connection.ClientCertificate}, {connection.ClientKey}; {connection.Source}");

    /// <summary>Reads it; gives <paramref name="last"/> itself where nothing changed.</summary>
    public static TlsMaterial Read(ClusterConnection connection, TlsMaterial? last)
    {
        var pem = (connection.CertificateAuthority?.Read(), connection.ClientCertificate?.Read(), connection.ClientKey?.Read());
        return last is not null && last._pem == pem ? last : new(connection, pem);
    }
}
