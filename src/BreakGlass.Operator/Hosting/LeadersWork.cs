using BreakGlass.Operator.Certificates;
using BreakGlass.Operator.Guard;
using BreakGlass.Operator.Jobs.Drills;
using BreakGlass.Operator.Journal;
using BreakGlass.Operator.Journal.Sinks;
using BreakGlass.Operator.Leftovers;
using BreakGlass.Operator.Outbound;
using BreakGlass.Operator.Reconciling;
using BreakGlass.Operator.Rotation;
using BreakGlass.Operator.Sessions;

namespace BreakGlass.Operator.Hosting;

/// <summary>
/// What only the leader does, for one term: queues, reconcilers and controllers of its own, over a client that sends no write once the term is over. The
/// next term begins with nothing of it but what the caches hold.
/// </summary>
internal sealed class LeadersWork : IDisposable
{
    /// <summary>Before what has failed is tried again.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly LeadersTools _tools;
    private readonly LeadershipTerm _term;
    private readonly KubeClient _client;
    private readonly Resealer _resealer;
    private readonly KeyRotator? _rotator;
    private readonly ObjectRemover _remover;
    private readonly ApiServers _servers;
    private readonly ActorProbe _actors;
    private readonly JournalSequencer? _journal;
    private readonly JournalSinks? _sinks;
    private readonly ReconcileTriggers _wiring;
    private readonly LockdownReads _lockdowns;
    private readonly WorkQueue<string> _grants;
    private readonly WorkQueue<string> _alarms;
    private readonly WorkQueue<string> _policies;
    private readonly SessionInsights? _insights;
    private readonly DrillController _drills;
    private readonly IReadOnlyList<Func<CancellationToken, CancellationToken, Task>> _controllers;

    public LeadersWork(LeadersTools tools, LeadershipTerm term)
    {
        (_tools, _term) = (tools, term);
        var (options, settings, caches, seals, announcer, time, logs) = (tools.Options, tools.Settings, tools.Caches, tools.Seals, tools.Announcer, tools.Time,
            tools.Logs);
        var client = _client = tools.Client.Fenced(() => term.IsHeld);
        _resealer = new(client, seals, caches, time, logs.CreateLogger("Seals"));
        var rotationLog = logs.CreateLogger("Rotation");
        var rotations = Rotations(tools, client, rotationLog).ToList();
        _rotator = rotations.Count == 0 ? null : new(client, options.Namespace, rotations, time, rotationLog);
        _actors = new(client, caches, settings, time, logs.CreateLogger("Leftovers"));
        var stamp = new StampProbe(client, time);
        _remover = new(client, time);
        _servers = new(client, time);
        _grants = new("grants", time);
        _alarms = new("ends", time);
        _policies = new("policies", time);
        var lockdownQueue = new WorkQueue<string>("lockdowns", time);
        var authorityQueue = new WorkQueue<string>("authorities", time);
        var ends = new EndSchedule(caches, _alarms, _grants, settings, time);
        _wiring = new(caches, _grants, _policies, lockdownQueue, authorityQueue, ends);
        _lockdowns = new(client, caches, _wiring.Found);
        var server = new LiveReads(client, caches, _lockdowns);
        if (Journal(tools, client) is { } journal) (_journal, _sinks) = journal;
        var executor = new PlanExecutor(
            client, caches, server, seals, new CredentialIssuer(client, caches, tools.Vault, tools.Cluster, tools.Gateway, time), _remover,
            new Prover(client, _servers, tools.Vault, time),
            new LeftoverFinder(client, stamp, settings), _journal, tools.Unconfirmed, announcer, time, logs.CreateLogger("Grants"));
        if (tools is { Caches.Sessions: { } sessions })
        {
            _insights = new(client, caches, sessions, tools.Pulse, tools.GatewayPulse, name => _grants.Add(name), time, logs.CreateLogger("Sessions"));
        }

        var grants = new GrantReconciler(caches, server, seals, executor, ends, _journal, settings, tools.Metrics, time, _insights);
        var policies = new PolicyReconciler(client, caches, seals, announcer, new GuardProbe(client, time), stamp, _actors, settings, time,
            tools.Pulse, tools.GatewayPulse);
        var lockdowns = new LockdownReconciler(client, caches, seals, announcer, time);
        var drillQueue = new WorkQueue<string>("drills", time);
        _drills = new(new(client, caches, settings, tools.Metrics, tools.Notifier, Proofs(tools, _journal), time), announcer, drillQueue,
            logs.CreateLogger("Drills"));
        _controllers =
        [
            new ControllerLoop<BreakGlassGrant>(
                _grants, caches.Grant, grants,
                new() { UrgentWorkers = options.RevocationWorkers, Workers = options.Workers, MaxDelay = TimeSpan.FromSeconds(10) },
                time, logs.CreateLogger("Grants")).RunAsync,
            new ControllerLoop<BreakGlassGrant>(_alarms, caches.Grant, ends, new(), time, logs.CreateLogger("Ends")).RunAsync,
            new ControllerLoop<BreakGlassPolicy>(
                _policies, caches.Policy, policies, new() { Workers = 2, MaxDelay = TimeSpan.FromMinutes(1) }, time, logs.CreateLogger("Policies")).RunAsync,
            new ControllerLoop<BreakGlassLockdown>(
                lockdownQueue, name => caches.Lockdowns.Store.Get(new("", name)), lockdowns,
                new() { MaxDelay = TimeSpan.FromSeconds(10) }, time, logs.CreateLogger("Lockdowns")).RunAsync,
            new ControllerLoop<BreakGlassAuthority>(
                authorityQueue, caches.Authority, new AuthorityReconciler(client, caches, seals, announcer, time),
                new() { MaxDelay = TimeSpan.FromSeconds(10) }, time, logs.CreateLogger("Authorities")).RunAsync,
            new ControllerLoop<BreakGlassDrill>(
                drillQueue, name => caches.Drills.Store.Get(new("", name)), _drills,
                new() { MaxDelay = TimeSpan.FromSeconds(10) }, time, logs.CreateLogger("Drills")).RunAsync,
        ];
    }

    /// <summary>Works until the term ends: in order where it is to stop, at once where it is lost.</summary>
    public async Task RunAsync()
    {
        _tools.Logs.CreateLogger("Operator").Leading();
        _wiring.Connect();
        _drills.Connect();
        _tools.Time.Jumped += LookAtClock;
        try
        {
            _wiring.Sweep(isFirst: true);
            var poller = new LockdownPoller(_lockdowns, _tools.Caches, _tools.Time);
            await Task.WhenAll(
            [
                .. _controllers.Select(run => run(_term.Stopping, _term.Lost)),
                KeepAsync("lockdown check", poller.RunAsync),
                KeepAsync("sweep", SweepAsync),
                _drills.RunAsync(_term.Stopping, _term.Lost),
                KeepAsync("check of what grants can act as", token => _actors.RunAsync(name => _policies.Add(name, Lane.Background), token)),
                KeepAsync("journal", JournalAsync),
                KeepAsync("session summaries", SummarizeAsync),
                _insights is null ? Task.CompletedTask : KeepAsync("comparison of sessions", _insights.RunAsync),
                _tools.Options.UsesSeals ? KeepAsync("seal key rotation", _resealer.RunAsync) : Task.CompletedTask,
                _rotator is null ? Task.CompletedTask : KeepAsync("rotation of keys on request", _rotator.RunAsync),
            ]);
        }
        finally
        {
            _tools.Time.Jumped -= LookAtClock;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _wiring.Dispose();
        _drills.Dispose();
        _sinks?.Dispose();
        _remover.Dispose();
        _servers.Dispose();
        _client.Dispose();
    }

    private void LookAtClock()
    {
        _alarms.LookAtClock();
        _grants.LookAtClock();
    }

    /// <summary>
    /// Runs what goes on beside the controllers, and again after a pause where it failed: what no task waits for would otherwise be missing for the rest of
    /// the term without a word.
    /// </summary>
    private async Task KeepAsync(string what, Func<CancellationToken, Task> work)
    {
        while (!_term.Stopping.IsCancellationRequested)
        {
            try
            {
                await work(_term.Stopping);
                return;
            }
            catch (Exception e) when (!_term.Stopping.IsCancellationRequested)
            {
                _tools.Logs.CreateLogger("Operator").PartFailed(what, e);
            }
            catch (Exception)
            {
                // What fails while the term ends is not worth a word.
                return;
            }

            await Task.Delay(Pause, _tools.Time, _term.Stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The keys of this operator that can be rotated on request.</summary>
    private IEnumerable<IKeyRotation> Rotations(LeadersTools tools, KubeClient client, ILogger logger)
    {
        var (options, time) = (tools.Options, tools.Time);
        if (options.UsesSeals)
            yield return new SealRotation(client, tools.Seals, _resealer, () => _wiring.Sweep(isFirst: false), () => time.ServerNow, time, logger);
        if (options is { Webhook: true, WebhookCertDir: null })
        {
            yield return new AuthorityRotation(
                RotatedKeys.WebhookAuthority, client, options.Namespace, CertificateUse.Webhook, static (_, _) => Task.FromResult(0), time,
                logger);
        }

        if (tools.Gateway is not null)
        {
            yield return new AuthorityRotation(
                RotatedKeys.GatewayAuthority, client, options.Namespace, CertificateUse.Gateway, new GatewayRenewal(client, tools.Caches).RenewAsync, time,
                logger);
        }
    }

    private static JournalProofs? Proofs(LeadersTools tools, JournalSequencer? journal) =>
        journal is null || tools.Options is not { JournalKey: { } file } || JournalStorages.Of(tools.Options, tools.Time) is not { } storage
            ? null : new(storage, file.Key.Verifier);

    private static (JournalSequencer Journal, JournalSinks Sinks)? Journal(LeadersTools tools, KubeClient client)
    {
        if (tools.Options is not { JournalKey: { } file } || JournalStorages.Of(tools.Options, tools.Time) is not { } storage) return null;
        var (metrics, logger) = (tools.Metrics, tools.Logs.CreateLogger("Journal"));
        var sinks = new JournalSinks(
            tools.Options.JournalSinks.Sinks, storage, file.Key.Verifier.Name, tools.Options.ClusterName, metrics, tools.Time, logger);
        var source = new ClusterSource(client, tools.Caches, tools.Seals, tools.Options.UsesSeals ? tools.Settings.OperatorNamespace : null);
        var journal = new JournalSequencer(
            new JournalWriter(new JournalLog(storage, file.Key) { Covers = sinks.Covers }), new(source, tools.Time) { Key = file.Key },
            () => tools.Caches.Grants.Store.List(), (name, token) => client.TryGetAsync<BreakGlassGrant>(name, null, token),
            waiting => metrics.AuditBacklog(OperatorMetrics.Journal, waiting),
            (count, isWritten) => metrics.AuditRecords(OperatorMetrics.Journal, isWritten ? DeliveryResults.Delivered : DeliveryResults.Failed, count),
            tools.Time, logger)
        {
            Copies = sinks,
            AfterFirstRead = HeapMemory.GiveBack,
            Spool = tools.Settings.HasSessions
                ? new(storage, file.Key.Verifier, waiting => metrics.AuditBacklog(OperatorMetrics.Spool, waiting), tools.Time, logger) : null,
        };
        if (journal.Spool is not null) metrics.AuditingTo(OperatorMetrics.Spool);
        return (journal, sinks);
    }

    private async Task JournalAsync(CancellationToken cancellationToken)
    {
        if (_journal is not { } journal || _sinks is not { } sinks) return;
        try
        {
            await Task.WhenAll(journal.RunAsync(cancellationToken), sinks.RunAsync(cancellationToken));
        }
        finally
        {
            _tools.Metrics.AuditBacklog(OperatorMetrics.Journal, null);
            _tools.Metrics.AuditBacklog(OperatorMetrics.Spool, null);
        }
    }

    private Task SummarizeAsync(CancellationToken cancellationToken) => _tools.Caches.Sessions is { } sessions
        ? new SessionSummaries(_client, _tools.Caches, sessions, _tools.Time, _tools.Logs.CreateLogger("Sessions")).RunAsync(cancellationToken)
        : Task.CompletedTask;

    private Task SweepAsync(CancellationToken cancellationToken) => _tools.Options.Resync == TimeSpan.Zero
        ? Task.CompletedTask
        : _tools.Time.EveryAsync(_tools.Options.Resync, atOnce: false, _ =>
        {
            _wiring.Sweep(isFirst: false);
            return Task.CompletedTask;
        }, cancellationToken);
}
