using System.Net.Security;
using System.Security.Cryptography;

namespace BreakGlass.Gateway.Admission;

/// <summary>
/// The gateway's own certificate and the authorities of its clients', from a directory that others write (a mounted Secret), read every 10 s. The last good
/// ones stay until there are other good ones. Polling, not watching: the kubelet's symlink swap escapes file notifications.
/// </summary>
internal sealed class GatewayCertificates(string directory, TimeProvider time, ILogger logger)
{
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private (string Certificate, string Key, string Authorities)? _read;
    private volatile SslStreamCertificateContext? _served;
    private volatile X509Certificate2Collection _authorities = [];

    /// <summary>The certificate to serve, with its intermediates; null if there is none yet.</summary>
    public SslStreamCertificateContext? Served => _served;

    /// <summary>The authorities of grants' certificates. Another instance means that they changed.</summary>
    public X509Certificate2Collection Authorities => _authorities;

    /// <summary>What keeps the gateway from serving, as far as certificates go; empty if nothing does.</summary>
    public IReadOnlyList<string> Missing() => _served is null
        ? [$"the gateway has no certificate: {directory} does not contain ca.crt and a matching pair of tls.crt and tls.key"] : [];

    public Task RunAsync(CancellationToken cancellationToken) => time.EveryAsync(Period, atOnce: false, ReadAsync, cancellationToken);

    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var found = (
                await TextAsync("tls.crt", cancellationToken), await TextAsync("tls.key", cancellationToken), await TextAsync("ca.crt", cancellationToken));
            if (found == _read) return;
            Take(found);
            _read = found;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            logger.CertificatesUnread(directory, e is ArgumentException ? "tls.crt and tls.key do not match" : e.Message);
        }
    }

    private void Take((string Certificate, string Key, string Authorities) found)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(found.Authorities);
        if (authorities.Count == 0) throw new CryptographicException("ca.crt contains no PEM certificate");
        var certificate = X509Certificate2.CreateFromPem(found.Certificate, found.Key);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(found.Certificate);

        // Not disposed of when replaced: handshakes under way still use it.
        _served = SslStreamCertificateContext.Create(certificate, chain, offline: true);
        _authorities = authorities;
        logger.CertificatesRead(directory, certificate.NotAfter.ToUniversalTime());
    }

    private Task<string> TextAsync(string file, CancellationToken cancellationToken) =>
        File.ReadAllTextAsync(Path.Combine(directory, file), cancellationToken);
}
