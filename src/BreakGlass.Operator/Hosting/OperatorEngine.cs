using BreakGlass.Core.Sessions;
using BreakGlass.Operator.Certificates;
using BreakGlass.Operator.Guard;
using BreakGlass.Operator.Health;
using BreakGlass.Operator.Journal;
using BreakGlass.Operator.Leftovers;
using BreakGlass.Operator.Notifications;
using BreakGlass.Operator.Options;
using BreakGlass.Operator.Outbound;
using BreakGlass.Operator.Reporting;
using BreakGlass.Operator.Sessions;

namespace BreakGlass.Operator.Hosting;

/// <summary>
/// The operator without its process: everything between a client and the cluster, wired by hand. Starts caches, then waits for the lease, then
/// reconciles; stops in the other order, and lets the lease go last.
/// </summary>
internal sealed class OperatorEngine : IDisposable
{
    /// <summary>How long events wait. Longer than an activation takes: they are not to compete with it for the API server.</summary>
    internal static readonly TimeSpan EventLinger = TimeSpan.FromMilliseconds(250);

    private readonly OperatorOptions _options;
    private readonly SteadyClock _time;
    private readonly ClockKeeper _keeper;
    private readonly HistoryKeeper<BreakGlassGrant> _history;
    private readonly ILogger _logger;
    private readonly EventRecorder _recorder;
    private readonly Notifier _notifier;
    private readonly ResidueWriter _residue;
    private readonly LeaderElector? _elector;
    private readonly KubeClient? _leaseClient;
    private readonly LeadersTools _tools;

    // The client's clock must be the raw one, so that skew shows.
    public OperatorEngine(KubeClient client, OperatorOptions options, PublicCluster cluster, TimeProvider clock, ILoggerFactory logs)
    {
        _options = options;
        _logger = logs.CreateLogger("Operator");
        var steady = SteadyClock.Following(client, clock);
        _time = steady;
        _keeper = new(client, steady, logs.CreateLogger("Clock").ClockSkew);
        _history = new(client, steady);

        var settings = new CoreSettings
        {
            GrantsNamespace = options.GrantsNamespace,
            OperatorNamespace = options.Namespace,
            ProtectedNamespaces = options.ProtectedNamespaces,
            LooksForLeftovers = options.LookForLeftovers,
            ListsWorkloads = options.ListWorkloads,
            StampExtra = options.StampExtra,
            PersonClaims = options.PersonClaims,
            HasJournal = options.HasJournal,
            RequiresJournal = options.JournalDefault is JournalMode.Required,
            RecordsSessions = options.AuditAddress is not null,
            HasGateway = options.GatewayUrl is not null,
        };
        Settings = settings;
        ServerNow = () => steady.ServerNow;
        Caches = new(client, settings, steady, logs);
        Seals = new(client, options.Namespace, steady, logs.CreateLogger("Seals"), options.TrustRequester ? SealCheck.Trusting : null);
        Metrics = new(new CacheSnapshot(Caches, settings, steady).Take, ThisVersion.Text, [.. DenialReasons.All, .. FailureReasons.All],
            [.. OwnedKinds.All.Select(k => k.Name)]);
        if (settings.HasJournal) Metrics.AuditingTo(OperatorMetrics.Journal, DeliveryResults.Delivered, DeliveryResults.Failed);
        _recorder = new(client, new() { Controller = "breakglass.dev/operator", Instance = Identity, Linger = EventLinger }, steady,
            logs.CreateLogger("Events"));

        var vault = new CredentialVault();
        if (options.GatewayUrl is { } gateway)
        {
            Gateway = new(client, options.Namespace, gateway, options.GatewayCaFile is { } file ? File.ReadAllText(file) : null, options.GatewayExtraNames,
                steady, logs.CreateLogger("Certificates"));
        }

        _notifier = new(options.Notifications, options.ClusterName, Metrics, steady, logs.CreateLogger("Notifications"));
        var announcer = new Announcer(_recorder, Metrics, logs.CreateLogger("Announcer"), _notifier, settings, Caches.Drill);
        _residue = new(client, Caches, steady, logs.CreateLogger("Guard"));
        Guard = new(client, Caches, Seals, settings, announcer, Metrics, _residue, logs.CreateLogger("Guard"));
        GuardEndpoints = Guard.Endpoints(steady);
        if (settings.HasSessions)
        {
            var sessions = logs.CreateLogger("Sessions");
            var book = Sessions =
                new(client, Caches, settings, _residue, announcer, Metrics, Identity, steady, sessions, Transcript(steady, sessions));
            Metrics.AuditListening();
            if (settings.RecordsSessions)
                Pulse = new(client, options.Namespace, AuditPulse.OfAudit, Caches, () => Metrics.AuditLastEvent, steady, sessions);
            if (settings.HasGateway)
            {
                GatewayPulse = new(client, options.Namespace, AuditPulse.OfGateway, Caches, () => book.ReportedUntil, steady, sessions);
                var paths = new Dictionary<string, RequestDelegate>
                {
                    [GatewayReports.RequestsPath] = new RequestReports(book, logs.CreateLogger("Gateway")).ServeAsync,
                };
                if (Recordings(steady, logs.CreateLogger("Gateway")) is { } recordings) paths[RecordingEndpoint.Path] = recordings.ServeAsync;
                GatewayPaths = paths;
            }
        }

        Stamp = new(client, Caches, Guard, settings, _residue, logs.CreateLogger("Leftovers"));
        StampEndpoint = new(
            StampWebhook.Path, Stamp.HandleAsync, steady, logs.CreateLogger("Leftovers"), StampWebhook.LimitsOf(options.WebhookMemory, steady));
        Authorize = new(settings, Guard.MayImpersonateAsync, logs.CreateLogger("Leftovers"));
        var unconfirmed = new UnconfirmedStatuses(steady);
        Caches.Grants.AddHandler(c => unconfirmed.Look(c.Object));
        _tools = new(client, options, settings, Caches, Seals, vault, cluster, Gateway, announcer, Metrics, unconfirmed, steady, logs, Pulse,
            GatewayPulse, _notifier);
        steady.MayGoBack = () => Caches.LiveGrants.All(g => !g.Status.IsRecorded);

        // Counters exist from the moment that a policy is seen, in replicas that do not lead as well.
        Caches.Policies.AddHandler(c =>
        {
            if (c.Kind is ChangeKind.Deleted || c.Object.Spec.Mode is not { } mode) return;
            Metrics.PolicySeen(c.Object.Metadata.Name, mode);
            if (c.Object.Spec.Drills is DrillPermission.Allowed) Metrics.DrillsAllowed(c.Object.Metadata.Name);
        });
        Caches.Drills.AddHandler(c =>
        {
            if (c.Kind is ChangeKind.Deleted) Metrics.DrillGone(c.Object.Metadata.Name);
            else Metrics.DrillSeen(c.Object.Metadata.Name);
        });

        Caches.Authorities.AddHandler(c =>
        {
            if (c.Kind is not ChangeKind.Deleted) Metrics.AuthoritySeen(c.Object.Metadata.Name);
        });

        if (options.LeaderElect)
        {
            _leaseClient = client.WithOwnConnection();
            _elector = new(_leaseClient, new()
            {
                Namespace = options.Namespace,
                Name = "breakglass-operator",
                Identity = Identity,
                LeaseDuration = options.LeaseDuration,
                RenewDeadline = options.RenewDeadline,
                RetryPeriod = options.RetryPeriod,
            }, clock, logs.CreateLogger("Leadership"));
        }

        Health = new(Caches, _elector, steady);
    }

    public ClusterCaches Caches { get; }

    /// <summary>The seal keys, for the reconcilers and the webhooks.</summary>
    public SealKeyring Seals { get; }

    public CoreSettings Settings { get; }

    /// <summary>The clock that everything but leadership goes by.</summary>
    public TimeProvider Clock => _time;

    /// <summary>What the API server's clock says by now, as far as known: what its stamps are to be compared with.</summary>
    public Func<DateTimeOffset> ServerNow { get; }

    public OperatorMetrics Metrics { get; }

    public HealthReport Health { get; }

    /// <summary>The persistence guard, which every replica answers for, leading or not.</summary>
    public GuardWebhook Guard { get; }

    /// <summary>Counts audit events and what the gateway reports; null if there is neither.</summary>
    public SessionBook? Sessions { get; }

    /// <summary>Signs certificates for the gateway; null if there is no gateway.</summary>
    public GatewayAuthority? Gateway { get; }

    /// <summary>What takes the reports of the gateway, by path.</summary>
    public IReadOnlyDictionary<string, RequestDelegate> GatewayPaths { get; } = new Dictionary<string, RequestDelegate>();

    /// <summary>How far audit events have arrived; null if they are not received.</summary>
    private AuditPulse? Pulse { get; }

    /// <summary>How far the gateway's reports have arrived; null if there is no gateway.</summary>
    private AuditPulse? GatewayPulse { get; }

    /// <summary>Where the API server asks the guard.</summary>
    public IReadOnlyList<AdmissionEndpoint> GuardEndpoints { get; }

    /// <summary>Where an API server can ask whether a grant's identity may act as somebody else.</summary>
    public AuthorizeEndpoint Authorize { get; }

    /// <summary>Marks what grants' identities create.</summary>
    public StampWebhook Stamp { get; }

    /// <summary>Where the API server has stamped what grants' identities create.</summary>
    public AdmissionEndpoint StampEndpoint { get; }

    private string Identity { get; } = $"{Environment.MachineName}_{Guid.NewGuid():N}";

    /// <summary>Runs until cancelled.</summary>
    /// <exception cref="LeadershipLostException">The lease was lost and what the leader did goes on: the process must end.</exception>
    /// <exception cref="HistoryRewoundException">The API server's data was restored from a backup: the process must end.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var supporting = new CancellationTokenSource();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var started = _time.GetTimestamp();
        var caches = Caches.RunAsync(supporting.Token);
        var recorder = _recorder.RunAsync(supporting.Token);
        var residue = _residue.RunAsync(supporting.Token);
        List<Task> helpers = [caches, recorder, residue, _keeper.RunAsync(supporting.Token), _history.RunAsync(supporting.Token)];
        if (Sessions is not null) helpers.Add(Sessions.RunAsync(supporting.Token));
        if (Pulse is not null) helpers.Add(Pulse.RunAsync(supporting.Token));
        if (GatewayPulse is not null) helpers.Add(GatewayPulse.RunAsync(supporting.Token));
        if (Gateway is not null) helpers.Add(Gateway.RunAsync(supporting.Token));
        if (_options.UsesSeals) helpers.Add(Seals.RunAsync(supporting.Token));
        var notifying = _notifier.RunAsync(supporting.Token);
        if (_notifier.IsNeeded) helpers.Add(notifying);
        var lost = false;
        try
        {
            await FirstOf(Caches.WaitForSyncAsync(stop.Token), helpers, stop.Token);
            HeapMemory.GiveBack();
            _logger.CachesSynced(_time.GetElapsedTime(started).TotalSeconds, Caches.Grants.Store.Count, Caches.Policies.Store.Count);
            var leading = _elector is null ? LeadAsync(LeadershipTerm.WithoutRivals(stop.Token)) : _elector.RunAsync(LeadAsync, stop.Token);
            await FirstOf(leading, helpers, stop.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _logger.Stopping();
        }
        catch (LeadershipLostException)
        {
            lost = true;
            throw;
        }
        finally
        {
            await stop.CancelAsync();
            if (!lost) await FlushAsync(notifying);
            await supporting.CancelAsync();
            await Task.WhenAll(helpers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // With the mutation detector on, a cache compares as it stops what it holds.
        foreach (var helper in helpers)
        {
            if (helper.Exception?.InnerException is CacheMutatedException) await helper;
        }
    }

    public void Dispose()
    {
        Metrics.Dispose();
        Seals.Dispose();
        _notifier.Dispose();
        _leaseClient?.Dispose();
    }

    /// <summary>What is done with grants, on its way into the journal; null if there is none.</summary>
    private SessionTranscript? Transcript(TimeProvider time, ILogger logger)
    {
        if (_options is not { JournalKey: { } file } || JournalStorages.Of(_options, time) is not { } storage) return null;
        Metrics.AuditingTo(OperatorMetrics.Sessions, [.. DeliveryResults.All]);
        return new(storage, file.Key, SessionBook.ObserverOf(Identity), waiting => Metrics.AuditBacklog(OperatorMetrics.Sessions, waiting),
            (result, count) => Metrics.AuditRecords(OperatorMetrics.Sessions, result, count), time, logger);
    }

    /// <summary>Takes recordings from the gateway; null if there is no journal.</summary>
    private RecordingEndpoint? Recordings(TimeProvider time, ILogger logger)
    {
        if (_options is not { JournalKey: { } file } || JournalStorages.Of(_options, time) is not { } storage) return null;
        Metrics.AuditingTo(OperatorMetrics.Recordings, DeliveryResults.Delivered, DeliveryResults.Failed);
        return new(storage, file.Key, SessionBook.ObserverOf(Identity), Caches.Grant, () => Caches.Grants.HasSynced, Metrics, time, logger);
    }

    private async Task LeadAsync(LeadershipTerm term)
    {
        using var work = new LeadersWork(_tools, term);
        await work.RunAsync();
    }

    private async Task FlushAsync(Task notifying)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(3), _time);
        _notifier.Complete();
        await Task.WhenAll(_recorder.FlushAsync(patience.Token), notifying.WaitAsync(patience.Token)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Waits for the main task; a supporting one that ends before it, ends everything.</summary>
    private static async Task FirstOf(Task main, IReadOnlyList<Task> supporting, CancellationToken stopping)
    {
        var first = await Task.WhenAny([main, .. supporting]);
        if (first != main && !stopping.IsCancellationRequested)
        {
            await first;
            throw new InvalidOperationException("A watch or the event recorder stopped unexpectedly.");
        }

        await main;
    }
}
