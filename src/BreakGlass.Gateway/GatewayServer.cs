using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using BreakGlass.Core.Rules;
using BreakGlass.Gateway.Admission;
using BreakGlass.Gateway.Cutting;
using BreakGlass.Gateway.Proxying;
using BreakGlass.Gateway.Recording;
using BreakGlass.Gateway.Reporting;
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
    private readonly GatewayCertificates _certificates;
    private readonly GrantBook _book;
    private readonly OpenGrants _open;
    private readonly ConnectionGate _gate;
    private readonly HttpMessageInvoker _upstream;
    private readonly Recordings _recordings;
    private readonly OperatorConnection? _operator;
    private readonly Reporter? _reporter;
    private readonly TimeSpan _storing;
    private Task _reporting = Task.CompletedTask;
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
        _logger = logger;
        _certificates = new(options.CertificateDirectory, time, logger);
        _operator = options.ReportsUrl is { } reports ? new(_certificates, reports, options.ReportsName, options.Limits.Connect) : null;
        _book = new(client, options.StalenessLimit, time, logger);
        var tokens = new TokenMint(client, time, logger);
        _upstream = new(upstream, disposeHandler: true);
        _open = new(_certificates, _book, tokens, new(_upstream, server, _book, tokens, time, logger), options.Limits, time, metrics, logger);
        _gate = new(options.Limits.ConnectionsWithoutGrant);
        _storing = options.Limits.Storing;
        if (_operator is not null)
        {
            ReportAsync = _operator.SendAsync;
            _reporter = new(_operator, time, metrics, logger);
            _reporter.Failed = () => _open.CutAll(RecordingRules.MustBeRecorded, RecordingRules.NotRecorded());
            _reporter.FailedOf = name => _open.CutAll(g => g.Metadata.Name == name && RecordingRules.MustBeRecorded(g), RecordingRules.NotRecorded());
        }

        _recordings = new((request, cancellationToken) => ReportAsync(request, cancellationToken), metrics, time, logger);
        var pipeline = new RequestPipeline(
            _certificates, _book, tokens, _open, new(_upstream, server, options.Limits, _recordings, logger), _recordings, _reporter, metrics, logger);
        metrics.HeardAt = () => _book.HeardAt;
        metrics.CertificateExpiresAt = () => _certificates.ServedUntil;
        metrics.IsRecordingFailing = () => _reporter is { Health.IsFailing: true } || _recordings.IsFailing || _recordings.IsRefused;

        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => Configure(kestrel, options));
        _app = builder.Build();
        _app.Run(pipeline.ServeAsync);
    }

    /// <summary>The port listened on, once started.</summary>
    public int Port { get; private set; }

    /// <summary>How many requests and streams are open.</summary>
    public int OpenRequests => _open.Count;

    /// <summary>Sends a request to the operator; its URI is a path and a query.</summary>
    internal Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> ReportAsync { get; set; } =
        static (_, _) => throw new HttpRequestException("the gateway does not report to an operator");

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
        await await Task.WhenAny([
            _book.RunAsync(cancellationToken), _certificates.RunAsync(cancellationToken),
            .. _reporter is null ? Array.Empty<Task>() : [_reporting = _reporter.RunAsync(cancellationToken)],
        ]);

    /// <summary>Waits until grants and policies were listed.</summary>
    public Task WaitForSyncAsync(CancellationToken cancellationToken) => _book.WaitForSyncAsync(cancellationToken);

    /// <summary>Takes no new connections; what is under way ends as long as the token allows, and is broken off then.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _app.StopAsync(cancellationToken);
        using var patience = new CancellationTokenSource(_storing, TimeProvider.System);
        await _recordings.DrainAsync(patience.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _reporting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // the last report
        _recordings.Dispose();
        _open.Dispose();
        _book.Dispose();
        _upstream.Dispose();
        _operator?.Dispose();
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
        kestrel.Limits.MinRequestBodyDataRate = limits.BodyRate;

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
}
