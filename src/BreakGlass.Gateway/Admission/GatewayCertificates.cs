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

    private Files? _read;
    private volatile SslStreamCertificateContext? _own;
    private volatile SslStreamCertificateContext? _served;
    private volatile X509Certificate2Collection _authorities = [];

    /// <summary>The certificate to serve, with its intermediates; null if there is none yet.</summary>
    public SslStreamCertificateContext? Served => _served;

    /// <summary>When that one expires; null if there is none yet.</summary>
    public DateTimeOffset? ServedUntil => _served is { } served ? new(served.TargetCertificate.NotAfter) : null;

    /// <summary>
    /// The certificate by which the operator knows the gateway, whatever is served to people. Another instance means that it changed; null if there is none.
    /// </summary>
    public SslStreamCertificateContext? Own => _own;

    /// <summary>The authorities of grants' certificates and of the operator. Another instance means that they changed.</summary>
    public X509Certificate2Collection Authorities => _authorities;

    /// <summary>Called after the authorities changed; it must be quick.</summary>
    public Action? AuthoritiesChanged { get; set; }

    /// <summary>What keeps the gateway from serving, as far as certificates go; empty if nothing does.</summary>
    public IReadOnlyList<string> Missing() => _served is null
        ? [$"the gateway has no certificate: {directory} does not contain ca.crt and a matching pair of tls.crt and tls.key"] : [];

    public Task RunAsync(CancellationToken cancellationToken) => time.EveryAsync(Period, atOnce: false, ReadAsync, cancellationToken);

    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var served = await PairAsync("tls", cancellationToken);
            var found = new Files(served, await TextAsync("ca.crt", cancellationToken), HasOwn() ? await PairAsync("own", cancellationToken) : served);
            if (found == _read) return;
            var isFirst = _read is null;
            var others = found.Authorities != _read?.Authorities;
            Take(found, others);
            _read = found;
            if (others && !isFirst) AuthoritiesChanged?.Invoke();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            logger.CertificatesUnread(directory, e is ArgumentException ? "a certificate and its key do not match" : e.Message);
        }
    }

    // A certificate of somebody else's is served in its place then.
    private bool HasOwn() => File.Exists(Path.Combine(directory, "own.crt"));

    private void Take(Files found, bool others)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(found.Authorities);
        if (authorities.Count == 0) throw new CryptographicException("ca.crt contains no PEM certificate");
        var served = Open(found.Served);
        var own = found.Own == found.Served ? served : Open(found.Own);

        // Not disposed of when replaced: handshakes under way still use them.
        (_served, _own) = (served, own);
        if (others) _authorities = authorities;
        logger.CertificatesRead(directory, served.TargetCertificate.NotAfter.ToUniversalTime());
    }

    private static SslStreamCertificateContext Open(Pair pair)
    {
        var certificate = X509Certificate2.CreateFromPem(pair.Certificate, pair.Key);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(pair.Certificate);
        return SslStreamCertificateContext.Create(certificate, chain, offline: true);
    }

    private async Task<Pair> PairAsync(string name, CancellationToken cancellationToken) =>
        new(await TextAsync($"{name}.crt", cancellationToken), await TextAsync($"{name}.key", cancellationToken));

    private Task<string> TextAsync(string file, CancellationToken cancellationToken) =>
        File.ReadAllTextAsync(Path.Combine(directory, file), cancellationToken);

    private sealed record Pair(string Certificate, string Key)
    {
        public override string ToString() => nameof(Pair);
    }

    private sealed record Files(Pair Served, string Authorities, Pair Own);
}
