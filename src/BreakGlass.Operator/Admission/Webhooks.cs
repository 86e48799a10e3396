using BreakGlass.Core;
using BreakGlass.Core.Rules;
using BreakGlass.Operator.Caching;
using BreakGlass.Operator.Certificates;
using BreakGlass.Operator.Metrics;
using BreakGlass.Operator.Options;
using BreakGlass.Operator.Sealing;
using Kube.Client;
using Kube.Runtime;

namespace BreakGlass.Operator.Admission;

/// <summary>The admission webhooks of one replica: handlers, certificate and server, wired by hand. Leadership plays no part.</summary>
internal sealed class Webhooks : IAsyncDisposable
{
    /// <summary>
    /// How long they go on answering once the rest has stopped: the API server hears only after a while that this replica is out of the Service, and a
    /// webhook that does not answer refuses.
    /// </summary>
    public static readonly TimeSpan Lingers = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private readonly SealBook _book;
    private readonly ICertificateSource _certificates;
    private readonly WebhookServer _server;
    private volatile bool _serving;
    private volatile bool _stopping;

    /// <param name="client">Reads grants and policies, asks about rights, keeps the certificate.</param>
    /// <param name="options">Options.</param>
    /// <param name="settings">Core's settings.</param>
    /// <param name="book">The seal keys.</param>
    /// <param name="caches">Namespaces and roles.</param>
    /// <param name="metrics">Gets the gauge of the certificate.</param>
    /// <param name="more">Further webhooks on the same server.</param>
    /// <param name="serverNow">The API server's time, which seals are made with: it is compared with the time of creation that the API server stamps.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logs">Log.</param>
    public Webhooks(
        KubeClient client, OperatorOptions options, CoreSettings settings, SealBook book, ClusterCaches caches, OperatorMetrics metrics,
        IReadOnlyList<AdmissionEndpoint> more, Func<DateTimeOffset> serverNow, TimeProvider time, ILoggerFactory logs)
    {
        (_time, _book) = (time, book);
        var logger = logs.CreateLogger("Admission");
        var served = new ServedCertificate(logs.CreateLogger("Certificates"));
        _certificates = options.WebhookCertDir is { } directory
            ? new CertificateFiles(directory, served, time, logs.CreateLogger("Certificates"))
            : new CertificateManager(
                client, options.Namespace, CertificateManager.NamesOf(options.Namespace, options.WebhookExtraNames), served,
                new CaBundles(client, logs.CreateLogger("Certificates")), time, logs.CreateLogger("Certificates"));
        metrics.Meter.CreateObservableGauge(
            "breakglass_operator_webhook_certificate_expiry_timestamp_seconds",
            () => served.NotAfter is { } until ? until.ToUnixTimeSeconds() : double.NaN,
            unit: null,
            "When the certificate that the admission webhooks serve ends, in seconds since 1970.");

        ClusterView View() => caches.HasSynced ? caches.View.Now() : throw new NotReadyException("the operator has just started and has not read the cluster's roles yet");
        var desk = new AdmissionDesk(time, logger);
        var mutator = new Mutator(client, book, new AuthorRights(client), View, serverNow);
        var validator = new Validator(client, book, settings, View, time);
        AdmissionEndpoint[] endpoints =
        [
            new("/mutate", desk.Around(mutator.HandleAsync), time, logger),
            new("/validate", desk.Around(validator.HandleAsync), time, logger),
            .. more,
        ];
        _server = new(options.WebhookAddress.Address, options.WebhookAddress.Port, () => served.Context, endpoints, logger);
    }

    /// <summary>The port they are served on, once they are.</summary>
    public int Port => _server.Port;

    /// <summary>What is missing before the API server can reach them and they can decide; empty where nothing is.</summary>
    public IReadOnlyList<string> Missing()
    {
        List<string> missing = [.. _certificates.Missing()];
        if (!_serving) missing.Add("the webhooks are not served yet");
        if (!_book.IsReady) missing.Add($"the seal keys (Secret {SealBook.SecretName}) could not be read or made yet");
        if (_stopping) missing.Add("the operator is stopping");
        return missing;
    }

    /// <summary>Begins to listen; before it, an address that cannot be bound is noticed.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _server.StartAsync(cancellationToken);
        _serving = true;
    }

    /// <summary>Keeps the certificate young until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => _certificates.RunAsync(cancellationToken);

    /// <summary>Lingers, then finishes what is under way and stops.</summary>
    public async Task StopAsync()
    {
        _stopping = true;
        await Task.Delay(Lingers, _time, CancellationToken.None);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5), _time);
        await _server.StopAsync(patience.Token);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
