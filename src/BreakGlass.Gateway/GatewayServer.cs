using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using BreakGlass.Gateway.Admission;
using BreakGlass.Gateway.Cutting;
using BreakGlass.Gateway.Proxying;
using BreakGlass.Gateway.Streams;
using BreakGlass.Gateway.Tokens;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace BreakGlass.Gateway;

/// <summary>
/// An HTTPS reverse proxy for the Kubernetes API. It admits the holders of active grants by their client certificates, forwards their requests with the tokens
/// of the grants' ServiceAccounts, and closes everything that a grant has open when the grant ends.
/// </summary>
public sealed class GatewayServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly SteadyClock _time;
    private readonly GatewayCertificates _certificates;
    private readonly GrantBook _book;
    private readonly TokenMint _tokens;
    private readonly OpenGrants _open;
    private readonly ConnectionGate _gate;
    private readonly HttpMessageInvoker _upstream;
    private readonly Forwarder _forwarder;
    private readonly GatewayMetrics _metrics;
    private readonly ILogger _logger;

    /// <param name="client">With the gateway's own identity: reads grants and policies, and requests tokens.</param>
    /// <param name="upstream">The connections for forwarded requests (<see cref="ForwardingTransport"/>); disposed of with this object.</param>
    /// <param name="server">The address of the API server.</param>
    /// <param name="options">The set-up.</param>
    /// <param name="time">The clock that grants end by.</param>
    /// <param name="metrics">The metrics.</param>
    /// <param name="logger">Log.</param>
    public GatewayServer(
        KubeClient client, HttpMessageHandler upstream, Uri server, GatewayOptions options, SteadyClock time, GatewayMetrics metrics, ILogger logger)
    {
        (_time, _metrics, _logger) = (time, metrics, logger);
        _certificates = new(options.CertificateDirectory, time, logger);
        _book = new(client, options.StalenessLimit, time, logger);
        _tokens = new(client, time, logger);
        _open = new(_book, _tokens, options.Limits, time, metrics, logger);
        _gate = new(options.Limits.ConnectionsWithoutGrant);
        _upstream = new(upstream, disposeHandler: true);
        _forwarder = new(_upstream, server, options.Limits, logger);
        metrics.HeardAt = () => _book.HeardAt;

        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => Configure(kestrel, options));
        _app = builder.Build();
        _app.Run(ServeAsync);
    }

    /// <summary>The port listened on, once started.</summary>
    public int Port { get; private set; }

    /// <summary>How many requests and streams are open.</summary>
    public int OpenRequests => _open.Count;

    /// <summary>What is not there yet, or not as it must be to admit requests; empty if the gateway is ready.</summary>
    public IReadOnlyList<string> Missing() => [.. _certificates.Missing(), .. _book.Missing()];

    /// <summary>What a restart may repair; empty if the process is healthy.</summary>
    public IReadOnlyList<string> Ailments() => _book.Ailments();

    /// <summary>Begins to listen.</summary>
    /// <exception cref="IOException">The address is in use or cannot be bound.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _certificates.ReadAsync(cancellationToken);
        await _app.StartAsync(cancellationToken);
        var addresses = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Port = new Uri(addresses.First().Replace("[::]", "localhost", StringComparison.Ordinal)).Port;
        _logger.Serving(Port);
    }

    /// <summary>Follows grants, policies and certificates until it is cancelled, or a part of it breaks: then the process must end.</summary>
    public async Task RunAsync(CancellationToken cancellationToken) =>
        await await Task.WhenAny(_book.RunAsync(cancellationToken), _certificates.RunAsync(cancellationToken));

    /// <summary>Waits until grants and policies were listed.</summary>
    public Task WaitForSyncAsync(CancellationToken cancellationToken) => _book.WaitForSyncAsync(cancellationToken);

    /// <summary>Takes no new connections; what is under way ends as long as the token allows, and is broken off then.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _app.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _open.Dispose();
        _book.Dispose();
        _upstream.Dispose();
    }

    [SuppressMessage("Security", "CA5359", Justification = "These are clients' certificates. Admittance judges them for each request.")]
    private void Configure(KestrelServerOptions kestrel, GatewayOptions options)
    {
        var limits = options.Limits;
        kestrel.AddServerHeader = false;
        kestrel.RequestHeaderEncodingSelector = static _ => Encoding.Latin1;
        kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
        kestrel.Limits.MaxConcurrentConnections = limits.Connections;
        kestrel.Limits.RequestHeadersTimeout = limits.Headers;
        kestrel.Limits.KeepAliveTimeout = limits.KeepAlive;
        kestrel.Limits.MaxRequestHeadersTotalSize = limits.HeaderBytes;
        kestrel.Limits.MaxRequestLineSize = limits.HeaderBytes;
        kestrel.Limits.MaxRequestBodySize = null; // the API server has its own limit

        // A watch or a followed log that its reader has paused is not an attack; requests of strangers are answered with a few hundred bytes.
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.Http2.MaxStreamsPerConnection = 250; // as the API server has it
        kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        kestrel.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
        var tls = new TlsHandshakeCallbackOptions
        {
            HandshakeTimeout = limits.Headers,
            OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = _certificates.Served ?? throw new InvalidOperationException("There is no certificate for the gateway yet."),
                ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],

                // Any certificate, or none, completes the handshake, so that a person reads a sentence and not the number of an alert.
                ClientCertificateRequired = true,
#pragma warning disable CA5359 // Admittance verifies it before anything of the request is read.
                RemoteCertificateValidationCallback = static (_, _, _, _) => true,
#pragma warning restore CA5359

                // Without a policy, .NET downloads the issuers of a stranger's certificate from where the certificate says.
                CertificateChainPolicy = new()
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true,
                },
                AllowTlsResume = false, // each connection shows its certificate
            }),
        };
        if (options.Address is null) kestrel.ListenAnyIP(options.Port, Listen);
        else kestrel.Listen(options.Address, options.Port, Listen);

        void Listen(ListenOptions listen)
        {
            listen.Use(next => connection => _gate.RunAsync(connection, next));
            listen.UseHttps(tls);
        }
    }

    private async Task ServeAsync(HttpContext context)
    {
        _metrics.Began();
        try
        {
            if (await TryServeAsync(context) is { } refusal) await RefuseAsync(context, refusal);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client is gone.
        }
        catch (Exception e)
        {
            _logger.RequestFailed(e);
            context.Abort();
        }
        finally
        {
            _metrics.Ended(context.Response.StatusCode);
        }
    }

    /// <summary>Carries out a request, or says why not.</summary>
    private async Task<Refusal?> TryServeAsync(HttpContext context)
    {
        var connection = ClientConnection.Of(context);
        var certificate = connection.Identify(context, _certificates.Authorities);
        if (certificate is { IsTrusted: true, Grant: { } named })
        {
            // Its certificate is good: it does not wait among strangers while the API server is asked. Where it is refused, the connection is closed.
            connection.Slot?.Admit();
            if (_book.IsStale || !await _book.ConfirmAsync(named, context.RequestAborted)) return Stale();
        }

        var (open, refusal) = _open.Open(connection);
        if (open is null) return refusal;
        using (open)
        {
            return Problem(context, out var mayImpersonate, open.Grant.Name) ?? await ForwardAsync(context, open, mayImpersonate);
        }
    }

    private async Task<Refusal?> ForwardAsync(HttpContext context, OpenRequest open, bool mayImpersonate)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, open.Cut);
        for (var isFirst = true; ; isFirst = false)
        {
            string? token;
            try
            {
                token = _book.Get(open.Grant.Name) is { } grant && grant.Metadata.Uid == open.Connection.Certificate?.Grant?.Uid
                    ? await _tokens.GetAsync(grant, ends.Token) : null;
            }
            catch (OperationCanceledException) when (open.Why is not null)
            {
                return open.Why;
            }

            if (open.Why is { } why) return why;
            if (token is null) return Upstream(GatewaySentences.TokenNotIssued);
            if (await _forwarder.ForwardAsync(context, open, token, mayImpersonate)) return null;
            _logger.TokenRefused(open.Grant.Name);
            _tokens.Drop(open.Grant.Name, token);
            if (!isFirst) return Upstream(GatewaySentences.TokenRefused);
        }
    }

    /// <summary>What is wrong with the request itself.</summary>
    private Refusal? Problem(HttpContext context, out bool mayImpersonate, string name)
    {
        var request = context.Request;
        var grant = _book.Get(name);
        mayImpersonate = grant is not null && _book.PolicyOf(grant)?.Spec.AllowPersistence.Contains(ApiWords.Impersonate) is true;
        if (TargetRules.Problem(request.Method, context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget) is { } target) return Bad(target);
        var (isHttp1, policy) = (!HttpProtocol.IsHttp2(request.Protocol), grant?.Spec.Policy ?? "");
        if (HeaderRules.Problem(request.Headers, isHttp1, policy, mayImpersonate) is { } header) return header;
        var protocol = Upgrades.Requested(context);
        if (!Upgrades.IsForwarded(protocol))
            return new(RefusalReasons.Upgrade, StatusCodes.Status400BadRequest, GatewaySentences.OtherProtocol);
        return protocol == Upgrades.WebSocket && WebSocketHandshake.Problem(request) is { } handshake ? Bad(handshake) : null;
    }

    private async Task RefuseAsync(HttpContext context, Refusal refusal)
    {
        _metrics.Refused(refusal.Reason);
        if (refusal.IsUnauthorized) ClientConnection.Of(context).RequestClose();

        // Whatever follows on the connection of such a request may have been meant as a part of it.
        if (refusal.Code == StatusCodes.Status400BadRequest && HttpProtocol.IsHttp11(context.Request.Protocol))
            context.Features.GetRequiredFeature<IHttpResponseFeature>().OnStarting(CloseAsync, context);
        if (context.Response.HasStarted) context.Abort();
        else await StatusAnswer.SendAsync(context, refusal, context.RequestAborted);
    }

    private static Task CloseAsync(object context)
    {
        ((HttpContext)context).Response.Headers.Connection = "close";
        return Task.CompletedTask;
    }

    private static Refusal Bad(string message) => new(RefusalReasons.BadRequest, StatusCodes.Status400BadRequest, message);

    private static Refusal Stale() =>
        new(RefusalReasons.Stale, StatusCodes.Status503ServiceUnavailable, GatewaySentences.Stale) { RetryAfter = 5 };

    private static Refusal Upstream(string message) => new(RefusalReasons.Upstream, StatusCodes.Status503ServiceUnavailable, message) { RetryAfter = 1 };
}
