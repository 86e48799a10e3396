using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core;
using BreakGlass.Operator.Announcing;
using BreakGlass.Operator.Caching;
using BreakGlass.Operator.Guard;
using BreakGlass.Operator.Metrics;
using BreakGlass.Operator.Sealing;
using Kube.Client;
using Kube.Runtime;
using Microsoft.Extensions.Logging.Abstractions;

namespace Integration.Guard;

/// <summary>The guard's webhook alone, over HTTPS, with the rights of the operator's own ServiceAccount; it needs no leader.</summary>
internal sealed class GuardHost : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, long> _attempts = new();
    private readonly KubeClient _client;
    private readonly OperatorMetrics _metrics;
    private readonly WebhookServer _server;
    private readonly X509Certificate2 _certificate;
    private readonly List<Task> _running = [];

    private GuardHost(string kubeconfig)
    {
        _client = new(ClusterConnection.FromKubeconfig(kubeconfig), TimeProvider.System);
        var (time, logs) = (new SteadyClock(TimeProvider.System), NullLoggerFactory.Instance);

        // The policies of these tests carry no seals: what is looked at is the guard.
        var settings = new CoreSettings();
        var caches = new ClusterCaches(_client, settings, time, logs);
        _metrics = new(new CacheSnapshot(caches, settings, time).Take, "test", [], []);
        caches.Policies.AddHandler(c => _metrics.PolicySeen(c.Object.Metadata.Name, c.Object.Spec.Mode!.Value));
        var recorder = new EventRecorder(_client, new() { Controller = "breakglass.dev/operator", Instance = "guard" }, time, NullLogger.Instance);
        var residue = new ResidueWriter(_client, caches, time, NullLogger.Instance);
        var webhook = new GuardWebhook(_client, caches, new SealKeyring(_client, settings.OperatorNamespace, time, NullLogger.Instance,
            BreakGlass.Core.Sealing.SealCheck.Trusting), settings, new Announcer(recorder, _metrics, NullLogger.Instance), _metrics, residue,
            NullLogger.Instance);
        _certificate = SelfSigned();
        var served = SslStreamCertificateContext.Create(_certificate, null);
        _server = new(IPAddress.Loopback, 0, () => served, webhook.Endpoints(time), NullLogger.Instance);
        Count();
        Caches = caches;
        _running.AddRange([caches.RunAsync(_stop.Token), recorder.RunAsync(_stop.Token), residue.RunAsync(_stop.Token)]);
    }

    /// <summary>How many attempts were counted, by policy.</summary>
    public IReadOnlyDictionary<string, long> Attempts
    {
        get
        {
            _listener.RecordObservableInstruments();
            return _attempts;
        }
    }

    public string CaBundle => Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(_certificate.ExportCertificatePem()));

    /// <summary>Where the API server is to ask, entry by entry.</summary>
    public IReadOnlyList<string> Urls => [.. GuardWebhook.Paths.Select(path => $"https://127.0.0.1:{_server.Port}{path}")];

    private ClusterCaches Caches { get; }

    public static async Task<GuardHost> StartAsync(string kubeconfig)
    {
        var host = new GuardHost(kubeconfig);
        await host.Caches.WaitForSyncAsync(CancellationToken.None).WaitAsync(Eventually.Limit, TimeProvider.System);
        await host._server.StartAsync(CancellationToken.None);
        return host;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _stop.CancelAsync();
        await Task.WhenAll(_running).WaitAsync(Eventually.Limit, TimeProvider.System).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _metrics.Dispose();
        _client.Dispose();
        _certificate.Dispose();
        _stop.Dispose();
    }

    private void Count()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == _metrics.Meter && instrument.Name.EndsWith("persistence_attempts_total", StringComparison.Ordinal))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, sum, tags, _) => _attempts[(string)tags[0].Value!] = sum);
        _listener.Start();
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=guard", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddHours(-1), TimeProvider.System.GetUtcNow().AddHours(1));
    }
}
