using System.Collections.Frozen;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Kube.Runtime;

/// <summary>
/// Serves admission webhooks over HTTPS on a listener of its own. The certificate is asked for at every handshake, so a new one holds from the
/// next connection on and requests under way are not cut.
/// </summary>
public sealed partial class WebhookServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly WebApplication _app;
    private readonly string _ownKey = RandomNumberGenerator.GetHexString(32, lowercase: true);
    private readonly ILogger _logger;
    private readonly string _what;

    /// <param name="address">The interface; null for all of them.</param>
    /// <param name="port">The port; 0 for any free one.</param>
    /// <param name="certificate">The certificate to serve now, with its intermediates; null if there is none yet, and connections are refused.</param>
    /// <param name="endpoints">The webhooks, each on its path.</param>
    /// <param name="logger">Log.</param>
    /// <param name="callers">Whose requests are answered; null for everybody's.</param>
    /// <param name="others">Other handlers by path: they do not take an AdmissionReview and need no secret path.</param>
    /// <param name="what">What it serves, for the log.</param>
    /// <param name="patience">How long a caller may take for the handshake, and for a request's headers; null for 10 s.</param>
    [SuppressMessage("Security", "CA5359", Justification = "These are clients' certificates; WebhookCallers checks them at each connection's first request.")]
    public WebhookServer(
        IPAddress? address, int port, Func<SslStreamCertificateContext?> certificate, IReadOnlyList<AdmissionEndpoint> endpoints, ILogger logger,
        WebhookCallers? callers = null, IReadOnlyDictionary<string, RequestDelegate>? others = null,
        string what = "Webhooks", TimeSpan? patience = null)
    {
        (_logger, _what) = (logger, what);
        callers ??= new();
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(server =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxRequestBodySize = AdmissionEndpoint.MaxBodyBytes + 1024; // the endpoint's own limit answers first, with a sentence
            server.Limits.MaxConcurrentConnections = 1000;
            server.Limits.RequestHeadersTimeout = patience ?? Patience;
            var tls = new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = patience ?? Patience,
                OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = certificate() ?? throw new InvalidOperationException("There is no certificate for the webhooks yet."),
                    ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],

                    // Asked for, and looked at with the first request: this process' own requests have none.
                    ClientCertificateRequired = callers.ClientAuthorities is not null,
#pragma warning disable CA5359 // It is a client's certificate, and WebhookCallers.Knows verifies it before anything of the request is read.
                    RemoteCertificateValidationCallback = callers.ClientAuthorities is null ? null : static (_, _, _, _) => true,
#pragma warning restore CA5359

                    // Without a policy, .NET downloads the issuers of a stranger's certificate from where the certificate says.
                    CertificateChainPolicy = new()
                    {
                        TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true,
                    },
                }),
            };
            if (address is null) server.ListenAnyIP(port, listen => listen.UseHttps(tls));
            else server.Listen(address, port, listen => listen.UseHttps(tls));
        });
        _app = builder.Build();
        var paths = endpoints.ToFrozenDictionary(endpoint => endpoint.Path, endpoint => (RequestDelegate)endpoint.ServeAsync);
        var own = endpoints.ToFrozenDictionary(endpoint => OwnPath(endpoint.Path), endpoint => endpoint.Path);
        _app.Run(async context =>
        {
            var asked = context.Request.Path.Value ?? "";
            var ours = own.GetValueOrDefault(asked);
            if (ours is null && !callers.Knows(context))
            {
                context.Response.StatusCode = callers.StatusForOthers;
                if (callers.SentenceForOthers is not { } sentence) return;
                context.Response.ContentType = "text/plain; charset=utf-8";
                await context.Response.WriteAsync(sentence + "\n", context.RequestAborted);
                return;
            }

            var path = ours ?? await callers.Route(asked, context.RequestAborted);
            if (others?.GetValueOrDefault(asked) is { } other) await other(context);
            else await paths.GetValueOrDefault(path ?? "", NotFoundAsync)(context);
        });
    }

    /// <summary>The path by which this process calls one of its own webhooks, whichever callers are allowed. Random, never leaves the process.</summary>
    public string OwnPath(string path) => $"{path}/{_ownKey}";

    /// <summary>The port listened on, once started.</summary>
    public int Port { get; private set; }

    /// <summary>Begins to listen.</summary>
    /// <exception cref="IOException">The address is in use or cannot be bound.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _app.StartAsync(cancellationToken);
        var addresses = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Port = new Uri(addresses.First().Replace("[::]", "localhost", StringComparison.Ordinal)).Port;
        LogServing(_what, Port);
    }

    /// <summary>Takes no new connections and finishes what is under way, as long as the token allows.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _app.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static Task NotFoundAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    [LoggerMessage(LogLevel.Information, "{What} are served on port {Port}")]
    private partial void LogServing(string what, int port);
}
