using System.Runtime;
using BreakGlass.Core;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Rules;
using BreakGlass.Operator.Announcing;
using BreakGlass.Operator.Caching;
using BreakGlass.Operator.Execution;
using BreakGlass.Operator.Guard;
using BreakGlass.Operator.Health;
using BreakGlass.Operator.Leftovers;
using BreakGlass.Operator.Logging;
using BreakGlass.Operator.Metrics;
using BreakGlass.Operator.Notifications;
using BreakGlass.Operator.Options;
using BreakGlass.Operator.Reconciling;
using BreakGlass.Operator.Sealing;
using BreakGlass.Operator.Time;
using Kube.Client;
using Kube.Runtime;

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
    private readonly ILogger _logger;
    private readonly EventRecorder _recorder;
    private readonly Notifier _notifier;
    private readonly ResidueWriter _residue;
    private readonly LeaderElector? _elector;
    private readonly KubeClient? _leaseClient;
    private readonly Cutter _cutter;
    private readonly Resealer _resealer;
    private readonly Wiring _wiring;
    private readonly ActorProbe _actors;
    private readonly WorkQueue<string> _grants;
    private readonly WorkQueue<string> _policies;
    private readonly WorkQueue<string> _lockdowns;
    private readonly WorkQueue<string> _ends;
    private readonly Controller<string> _lockdownController;
    private readonly Controller<string> _grantController;
    private readonly Controller<string> _policyController;
    private readonly Controller<string> _endController;

    /// <param name="client">The client; its clock must be the raw one, so that skew shows.</param>
    /// <param name="options">Options.</param>
    /// <param name="cluster">What delivered kubeconfigs say.</param>
    /// <param name="clock">The raw clock.</param>
    /// <param name="logs">Log.</param>
    public OperatorEngine(KubeClient client, OperatorOptions options, PublicCluster cluster, TimeProvider clock, ILoggerFactory logs)
    {
        _options = options;
        _logger = logs.CreateLogger("Operator");
        var steady = SteadyClock.Following(client, clock);
        _time = steady;
        _keeper = new(client, steady, logs.CreateLogger("Clock"));

        var settings = new CoreSettings
        {
            GrantsNamespace = options.GrantsNamespace,
            OperatorNamespace = options.Namespace,
            TrustRequester = options.TrustRequester,
            ProtectedNamespaces = options.ProtectedNamespaces,
            LooksForLeftovers = options.LookForLeftovers,
            StampExtra = options.StampExtra,
            PersonClaims = options.PersonClaims,
        };
        Settings = settings;
        ServerNow = () => steady.ServerNow;
        Caches = new(client, settings, steady, logs);
        Seals = new(client, options.Namespace, steady, logs.CreateLogger("Seals"));
        _resealer = new(client, Seals, Caches.Policies.Store, steady, logs.CreateLogger("Seals"));
        Metrics = new(new CacheSnapshot(Caches, settings, steady).Take, ThisVersion.Text, [.. GrantRules.DenialReasons, .. GrantLifecycle.FailureReasons], Kinds.Names);
        _recorder = new(client, new() { Controller = "breakglass.dev/operator", Instance = Identity, Linger = EventLinger }, steady, logs.CreateLogger("Events"));

        var vault = new CredentialVault();
        _cutter = new(client, steady);
        _notifier = new(options.Notifications, options.ClusterName, Metrics, steady, logs.CreateLogger("Notifications"));
        var announcer = new Announcer(_recorder, _notifier);
        _residue = new(client, Caches, steady, logs.CreateLogger("Guard"));
        Guard = new(client, Caches, Seals, settings, announcer, Metrics, _residue, logs.CreateLogger("Guard"));
        GuardEndpoint = new(GuardWebhook.Path, Guard.HandleAsync, steady, logs.CreateLogger("Guard"));
        Stamp = new(client, Caches, Guard, settings, _residue, logs.CreateLogger("Leftovers"));
        StampEndpoint = new(StampWebhook.Path, Stamp.HandleAsync, steady, logs.CreateLogger("Leftovers"), StampWebhook.LimitsOf(options.WebhookMemory, steady));
        Authorize = new(settings, Guard.MayImpersonateAsync, logs.CreateLogger("Leftovers"));
        var stamp = new StampProbe(client, steady);
        _actors = new(client, Caches, settings, steady, logs.CreateLogger("Leftovers"));
        var executor = new PlanExecutor(
            client, Caches, new ServerReads(client, Caches), Seals, new CredentialIssuer(client, Caches, vault, cluster, steady), _cutter, new Prover(client, vault, steady), new LeftoverFinder(client, stamp), announcer,
            Metrics, steady, logs.CreateLogger("Grants"));
        var grants = new GrantReconciler(Caches, Seals, executor, settings, Metrics, steady);
        var policies = new PolicyReconciler(client, Caches, Seals, announcer, new GuardProbe(client, steady), stamp, _actors, settings, steady);
        _grants = new("grants", steady);
        _policies = new("policies", steady);
        _lockdowns = new("lockdowns", steady);
        _ends = new("ends", steady);
        var alarm = new EndAlarm(Caches, _ends, _grants, settings, steady);
        _endController = new("ends", _ends, alarm.RingAsync, new(), steady, logs.CreateLogger("Ends"));
        _wiring = new(Caches, _grants, _policies, _lockdowns, grants, alarm, Metrics);
        _wiring.Connect();
        steady.MayGoBack = () => Caches.LiveGrants.All(g => !GrantLifecycle.IsRecorded(g.Status));
        steady.Jumped += () =>
        {
            _ends.LookAtClock();
            _grants.LookAtClock();
        };
        _grantController = new("grants", _grants, grants.ReconcileAsync,
            new() { UrgentWorkers = options.RevocationWorkers, Workers = options.Workers, MaxDelay = TimeSpan.FromSeconds(10) }, steady, logs.CreateLogger("Grants"));
        _policyController = new("policies", _policies, policies.ReconcileAsync, new() { Workers = 2, MaxDelay = TimeSpan.FromMinutes(1) }, steady, logs.CreateLogger("Policies"));

        _lockdownController = new("lockdowns", _lockdowns, new LockdownReconciler(client, Caches, announcer, l => settings.TrustRequester || Seals.Verify(l) is Core.Sealing.SealState.Valid, steady).ReconcileAsync,
            new() { Workers = 1, MaxDelay = TimeSpan.FromSeconds(10) }, steady, logs.CreateLogger("Lockdowns"));

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
                ReleaseOnCancel = true,
            }, clock, logs.CreateLogger("Leadership"));
        }

        Health = new(Caches, _elector, steady);
    }

    public ClusterCaches Caches { get; }

    /// <summary>The seal keys, for the reconcilers and the webhooks.</summary>
    public SealBook Seals { get; }

    public CoreSettings Settings { get; }

    /// <summary>The clock that everything but leadership goes by.</summary>
    public TimeProvider Clock => _time;

    /// <summary>What the API server's clock says by now, as far as known: what its stamps are to be compared with.</summary>
    public Func<DateTimeOffset> ServerNow { get; }

    public OperatorMetrics Metrics { get; }

    public HealthReport Health { get; }

    /// <summary>The persistence guard, which every replica answers for, leading or not.</summary>
    public GuardWebhook Guard { get; }

    /// <summary>Where the API server asks the guard.</summary>
    public AdmissionEndpoint GuardEndpoint { get; }

    /// <summary>Where an API server can ask whether a grant's identity may act as somebody else.</summary>
    public AuthorizeEndpoint Authorize { get; }

    /// <summary>Marks what grants' identities create.</summary>
    public StampWebhook Stamp { get; }

    /// <summary>Where the API server has stamped what grants' identities create.</summary>
    public AdmissionEndpoint StampEndpoint { get; }

    private string Identity { get; } = $"{Environment.MachineName}_{Guid.NewGuid():N}";

    /// <summary>Runs until cancelled.</summary>
    /// <exception cref="LeadershipLostException">The lease was lost: the process must end.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var supporting = new CancellationTokenSource();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var started = _time.GetTimestamp();
        var caches = Caches.RunAsync(supporting.Token);
        var recorder = _recorder.RunAsync(supporting.Token);
        var residue = _residue.RunAsync(supporting.Token);
        List<Task> helpers = [caches, recorder, residue, _keeper.RunAsync(supporting.Token)];
        if (UsesSeals) helpers.Add(Seals.RunAsync(supporting.Token));
        var notifying = _notifier.RunAsync(supporting.Token);
        if (_notifier.IsNeeded) helpers.Add(notifying);
        var lost = false;
        try
        {
            await FirstOf(Caches.WaitForSyncAsync(stop.Token), helpers, stop.Token);
            GiveBackWhatListsTook();
            _logger.CachesSynced(_time.GetElapsedTime(started).TotalSeconds, Caches.Grants.Store.Count, Caches.Policies.Store.Count);
            var leading = _elector is null ? LeadAsync(stop.Token) : _elector.RunAsync(LeadAsync, stop.Token);
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
    }

    public void Dispose()
    {
        Metrics.Dispose();
        Seals.Dispose();
        _notifier.Dispose();
        _cutter.Dispose();
        _leaseClient?.Dispose();
    }

    /// <summary>The first lists are by far the most that is ever read at once, and an operator may then have nothing to do for days.</summary>
    private static void GiveBackWhatListsTook()
    {
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    private async Task LeadAsync(CancellationToken cancellationToken)
    {
        _logger.Leading();
        _wiring.Sweep();
        await Task.WhenAll(
            _grantController.RunAsync(cancellationToken), _endController.RunAsync(cancellationToken), _policyController.RunAsync(cancellationToken),
            _lockdownController.RunAsync(cancellationToken), SweepAsync(cancellationToken),
            _actors.RunAsync(name => _policies.Add(name, Lane.Background), cancellationToken), UsesSeals ? _resealer.RunAsync(cancellationToken) : Task.CompletedTask);
    }

    // Somebody who trusts manifests as written and serves no webhooks has no use for keys, and may lack the rights to them.
    private bool UsesSeals => _options.Webhook || !_options.TrustRequester;

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        if (_options.Resync == TimeSpan.Zero) return;
        using var timer = new PeriodicTimer(_options.Resync, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken)) _wiring.Sweep();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping.
        }
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
            throw new InvalidOperationException("A watch or the event recorder ended without being asked to.");
        }

        await main;
    }
}
