using System.Net.Security;
using BreakGlass.Gateway.Admission;

namespace BreakGlass.Gateway.Reporting;

/// <summary>
/// The gateway's connection to the operator, which it keeps: everything goes to the same replica as long as that answers. The gateway shows the certificate
/// that the operator manages for it, and trusts only what the gateway's authorities signed for the operator's Service.
/// </summary>
/// <param name="certificates">The certificates; read again when they change.</param>
/// <param name="url">The operator: scheme, host and port.</param>
/// <param name="name">The name in its certificate.</param>
/// <param name="connectWithin">How long a connection may take to open, in real time.</param>
internal sealed class OperatorConnection(GatewayCertificates certificates, Uri url, string name, TimeSpan connectWithin) : IDisposable
{
    private readonly Lock _lock = new();
    private Line? _line;

    /// <summary>
    /// Sends a request; its URI is a path and a query. After a failure the next request opens another connection, perhaps to another replica.
    /// </summary>
    /// <exception cref="HttpRequestException">The operator cannot be reached.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var line = Current() ?? throw new HttpRequestException("the gateway has no certificate yet");
        request.RequestUri = new(url, request.RequestUri!);
        request.Headers.Host = name; // the name that the certificate must have, too
        (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionOrLower);
        try
        {
            var response = await line.Http.SendAsync(request, cancellationToken);
            if (!response.IsSuccessStatusCode) Leave(line); // another replica may know better
            return response;
        }
        catch
        {
            Leave(line);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _line?.Http.Dispose();
            _line = null;
        }
    }

    private Line? Current()
    {
        var (own, authorities) = (certificates.Own, certificates.Authorities);
        lock (_lock)
        {
            if (own is null) return null;
            if (_line is { } line && line.Own == own && line.Authorities == authorities) return line;
            return _line = new(Connect(own, authorities), own, authorities);
        }
    }

    // Other requests can still be under way on it, so it is not disposed of: its connections end when they are idle.
    private void Leave(Line line)
    {
        lock (_lock)
        {
            if (_line == line) _line = null;
        }
    }

    private HttpMessageInvoker Connect(SslStreamCertificateContext own, X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(authorities);
        return new(new SocketsHttpHandler
        {
            SslOptions = new()
            {
                CertificateChainPolicy = policy, ClientCertificateContext = own,
                AllowTlsResume = false, // each connection shows its certificate
            },
            AllowAutoRedirect = false, UseCookies = false, UseProxy = false, ConnectTimeout = connectWithin,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            KeepAlivePingDelay = TimeSpan.FromSeconds(5), KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
        });
    }

    private sealed record Line(HttpMessageInvoker Http, SslStreamCertificateContext Own, X509Certificate2Collection Authorities);
}
