using System.Net.Security;
using BreakGlass.Operator.Options;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace BreakGlass.Operator.Journal;

/// <summary>Serves <see cref="JournalEndpoint"/> over HTTPS on a listener of its own, with the certificate of the webhooks.</summary>
internal sealed class JournalServer : IAsyncDisposable
{
    private const int MostConnections = 100;
    private const int LargestRequest = 1024;

    private readonly WebApplication _app;
    private readonly JournalEndpoint _endpoint;
    private readonly ILogger _logger;

    /// <param name="address">Where to listen.</param>
    /// <param name="endpoint">What answers.</param>
    /// <param name="certificate">The certificate to serve now; null if there is none yet, and connections are refused.</param>
    /// <param name="logger">Log.</param>
    public JournalServer(ListenAddress address, JournalEndpoint endpoint, Func<SslStreamCertificateContext?> certificate, ILogger logger)
    {
        (_endpoint, _logger) = (endpoint, logger);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(server =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxRequestBodySize = LargestRequest;
            server.Limits.MaxConcurrentConnections = MostConnections;
            server.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            var tls = new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = TimeSpan.FromSeconds(10),
                OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = certificate() ?? throw new InvalidOperationException("There is no certificate yet."),
                    ApplicationProtocols = [SslApplicationProtocol.Http11],
                }),
            };
            if (address.Address is null) server.ListenAnyIP(address.Port, listen => listen.UseHttps(tls));
            else server.Listen(address.Address, address.Port, listen => listen.UseHttps(tls));
        });
        _app = builder.Build();
        _app.Run(endpoint.ServeAsync);
    }

    /// <summary>The port, once started.</summary>
    public int Port { get; private set; }

    /// <summary>Begins to listen.</summary>
    /// <exception cref="IOException">The address is in use or cannot be bound.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _app.StartAsync(cancellationToken);
        var addresses = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Port = new Uri(addresses.First().Replace("[::]", "localhost", StringComparison.Ordinal)).Port;
        _logger.JournalServed(Port);
    }

    /// <summary>Takes no new connections and finishes what is under way, as long as the token allows.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _app.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _endpoint.Dispose();
    }
}
