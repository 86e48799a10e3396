using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Credentials;
using BreakGlass.Operator.Options;

namespace BreakGlass.Operator.Reporting;

/// <summary>
/// Where the gateway reports what it forwards, on a port of its own in every replica. Only the gateway's own certificate is accepted: one that an authority of
/// the gateway signed for clients, and that names the gateway. Everybody else, holders of grants included, is answered with 401, and nothing of the request
/// is read.
/// </summary>
internal sealed class ReportListener : IAsyncDisposable
{
    private const string NotTheGateway = "Only the gateway of this operator can report here, with the certificate in the Secret breakglass-gateway-tls.";

    private readonly WebhookServer _server;

    /// <param name="address">Where to listen.</param>
    /// <param name="certificate">The certificate to serve now; null if there is none yet, and connections are refused.</param>
    /// <param name="authorities">The authorities of the gateway.</param>
    /// <param name="paths">What answers, by path.</param>
    /// <param name="logger">Log.</param>
    public ReportListener(
        ListenAddress address, Func<SslStreamCertificateContext?> certificate, Func<X509Certificate2Collection> authorities,
        IReadOnlyDictionary<string, RequestDelegate> paths, ILogger logger)
    {
        var callers = new WebhookCallers
        {
            ClientAuthorities = authorities,
            Accepts = GatewayIdentity.IsIn,
            StatusForOthers = StatusCodes.Status401Unauthorized,
            SentenceForOthers = NotTheGateway,
        };
        _server = new(address.Address, address.Port, certificate, [], logger, callers, paths, "Reports of the gateway");
    }

    /// <summary>The port it listens on, once started.</summary>
    public int Port => _server.Port;

    /// <summary>Begins to listen.</summary>
    /// <exception cref="IOException">The address is in use or cannot be bound.</exception>
    public Task StartAsync(CancellationToken cancellationToken) => _server.StartAsync(cancellationToken);

    /// <summary>Takes no new connections and finishes what is under way, for five seconds at most.</summary>
    public async Task StopAsync(TimeProvider time)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5), time);
        await _server.StopAsync(patience.Token);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
