using System.Diagnostics.Metrics;
using System.Net.Security;
using BreakGlass.Operator.Certificates;
using BreakGlass.Operator.Options;

namespace BreakGlass.Operator.Admission;

/// <summary>The admission webhooks of one replica: handlers, certificate and server, wired by hand. Leadership plays no part.</summary>
internal sealed class Webhooks : IAsyncDisposable
{
    /// <summary>
    /// How long they go on answering once the rest has stopped: the API server hears only after a while that this replica is out of the Service, and a
    /// webhook that does not answer refuses.
    /// </summary>
    public static readonly TimeSpan ShutdownDelay = TimeSpan.FromSeconds(5);

    /// <summary>The largest object of our kinds that is let in, in bytes of JSON. The largest that makes sense is about a fifth of it.</summary>
    public const int LargestObject = 512 * 1024;

    /// <summary>The path of the webhook that stamps and seals.</summary>
    public const string MutatePath = "/mutate";

    /// <summary>The path of the webhook that judges.</summary>
    public const string ValidatePath = "/validate";

    private readonly TimeProvider _time;
    private readonly SealKeyring _book;
    private readonly ICertificateSource _certificates;
    private readonly ServedCertificate _served;
    private readonly WebhookPaths _paths;
    private readonly WebhookServer _server;
    private readonly WarmUp _warmUp;

    // Admission's questions to the API server never wait behind a revocation's, nor a revocation's behind these.
    private readonly KubeClient _asking;
    private volatile bool _serving;
    private volatile bool _stopping;

    // Seals are made with the API server's time: they are compared with the time of creation that it stamps.
    public Webhooks(
        KubeClient client, OperatorOptions options, CoreSettings settings, SealKeyring keyring, ClusterCaches caches, OperatorMetrics metrics,
        IReadOnlyList<AdmissionEndpoint> more, IReadOnlyDictionary<string, RequestDelegate> others, Func<DateTimeOffset> serverNow, TimeProvider time,
        ILoggerFactory logs)
    {
        (_time, _book) = (time, keyring);
        var logger = logs.CreateLogger("Admission");
        var served = _served = new ServedCertificate(logs.CreateLogger("Certificates"));
        _certificates = options.WebhookCertDir is { } directory
            ? new CertificateFiles(directory, served, time, logs.CreateLogger("Certificates"))
            : new CertificateManager(
                client, options.Namespace, CertificateManager.NamesOf(options.Namespace, options.WebhookExtraNames), served,
                new CaBundles(client, logs.CreateLogger("Certificates")), time, logs.CreateLogger("Certificates"));
        metrics.Meter.CreateObservableGauge(
            "breakglass_operator_webhook_certificate_expiry_timestamp_seconds",
            IEnumerable<Measurement<long>> () => served.NotAfter is { } until ? [new(until.ToUnixTimeSeconds())] : [],
            unit: null,
            "When the serving certificate of the admission webhooks expires, in seconds since 1970.");

        ClusterView View() =>
            caches.HasSynced ? caches.View.Now() : throw new NotReadyException("the operator has not read the cluster's roles since it started");
        _warmUp = new(
            options.WebhookAddress.Address, () => _server!.Port, path => _server!.OwnPath(path), served,
            () => _serving && served.Context is not null && keyring.IsReady && caches.HasSynced,
            caches.Policies.Store.List, time, logger);
        var failClosed = new FailClosed(time, logger) { OwnUid = _warmUp.Uid };
        _asking = client.WithOwnConnection();
        var mutator = new Mutator(
            _asking, keyring, settings, new AuthorRights(_asking), View, () => caches.HasSynced ? caches.Policies.Store.List() : [], serverNow);
        var validator = new Validator(_asking, keyring, settings, new RevokeRight(_asking, logger), View,
            new PendingRequests(policy => caches.Grants.Store.ByIndex(ClusterCaches.ByPolicy, policy), time), time, serverNow);
        AdmissionEndpoint[] endpoints =
        [
            new(MutatePath, failClosed.Around(mutator.HandleAsync), time, logger, LimitsOf(options, settings, time)),
            new(ValidatePath, failClosed.Around(validator.HandleAsync), time, logger, LimitsOf(options, settings, time)),
            .. more,
        ];
        _paths = new(client, [.. endpoints.Select(endpoint => endpoint.Path)], time, logs.CreateLogger("Certificates"));
        var callers = new WebhookCallers
        {
            Route = _paths.RouteAsync,
            ClientAuthorities = options.WebhookClientCa is { } file ? new ClientAuthorityFile(file, time, logs.CreateLogger("Certificates")).Now : null,
        };
        _server = new(options.WebhookAddress.Address, options.WebhookAddress.Port, () => served.Context, endpoints, logger, callers, others);
    }

    /// <summary>
    /// What a webhook for our own kinds spends. Each has a quarter of the memory for webhooks, and the persistence guard the half that is left: it is asked
    /// about other people's objects, and nothing that it is sent takes memory from these.
    /// </summary>
    internal static AdmissionLimits LimitsOf(OperatorOptions options, CoreSettings settings, TimeProvider time)
    {
        var ourselves = KnownUsers.Operator(settings);
        return new()
        {
            MaxObjectBytes = LargestObject,
            MaxTokens = 40_000,
            IsExempt = user => user == ourselves,
            Budget = new(options.WebhookMemory * 1024L * 1024 / 4, time),
        };
    }

    /// <summary>The port they are served on, once they are.</summary>
    public int Port => _server.Port;

    /// <summary>The certificate that they serve now; null if there is none yet.</summary>
    public SslStreamCertificateContext? Certificate => _served.Context;

    /// <summary>What is missing before the API server can reach them and they can decide; empty where nothing is.</summary>
    public IReadOnlyList<string> Missing()
    {
        List<string> missing = [.. _certificates.Missing(), .. _paths.Missing()];
        if (!_serving) missing.Add("the webhooks are not served yet");
        if (!_book.IsReady) missing.Add($"the seal keys (Secret {SealKeyring.SecretName}) could not be read or created yet");
        if (missing.Count == 0 && !_warmUp.IsDone) missing.Add("the webhooks have not answered the operator's own test requests yet");
        if (_stopping) missing.Add("the operator is stopping");
        return missing;
    }

    /// <summary>Begins to listen; before it, an address that cannot be bound is noticed.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _server.StartAsync(cancellationToken);
        _serving = true;
    }

    /// <summary>The path by which this process reaches one of its own webhooks, e.g. <see cref="MutatePath"/>.</summary>
    public string OwnPath(string path) => _server.OwnPath(path);

    /// <summary>Asks the webhooks once, and keeps the certificate and the paths young until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_certificates.RunAsync(cancellationToken), _paths.RunAsync(cancellationToken), _warmUp.RunAsync(cancellationToken));

    /// <summary>Lingers, then finishes what is under way and stops.</summary>
    public async Task StopAsync()
    {
        _stopping = true;
        await Task.Delay(ShutdownDelay, _time, CancellationToken.None);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5), _time);
        await _server.StopAsync(patience.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _asking.Dispose();
    }
}
