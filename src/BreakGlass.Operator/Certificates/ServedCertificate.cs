using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace BreakGlass.Operator.Certificates;

/// <summary>The certificate that the webhooks serve now. The last good one stays until there is another good one.</summary>
internal sealed class ServedCertificate(ILogger logger)
{
    private readonly Lock _gate = new();
    private CertifiedKey? _pair;
    private volatile SslStreamCertificateContext? _context;

    /// <summary>For the TLS handshake; null where there is none yet.</summary>
    public SslStreamCertificateContext? Context => _context;

    /// <summary>When it ends; null where there is none yet.</summary>
    public DateTimeOffset? NotAfter => _context is { } context ? Pki.Until(context.TargetCertificate) : null;

    /// <summary>Serves a pair from the next handshake on; nothing happens where it is served already.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It cannot be used; the one before stays.</exception>
    public void Serve(CertifiedKey pair, string what)
    {
        lock (_gate)
        {
            if (pair == _pair) return;
            var certificate = pair.Open();
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(pair.CertificatePem);

            // Not disposed of when replaced: handshakes under way still use it.
            _context = SslStreamCertificateContext.Create(certificate, chain, offline: true);
            _pair = pair;
            logger.CertificateServed(what, Pki.Until(certificate));
        }
    }
}
