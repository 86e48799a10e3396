using System.Diagnostics.Metrics;
using BreakGlass.Operator.Sessions;

namespace BreakGlass.Operator.Metrics;

/// <summary>
/// The operator's own metrics, in its own words. Instrument names are the Prometheus names. No user or grant is ever a label
/// (<see cref="MetricLabel"/>), and a policy's name becomes one only once the policy was seen, so that a person who creates grants cannot make up series.
/// </summary>
internal sealed class OperatorMetrics : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "BreakGlass.Operator";

    /// <summary>The journal, as a sink of what is kept as evidence.</summary>
    public const string Journal = "journal";

    /// <summary>The events of sessions that wait in the memory of this replica, before they are in the spool.</summary>
    public const string Sessions = "sessions";

    /// <summary>The files with events of sessions that the leader has not appended to the journal yet.</summary>
    public const string Spool = "spool";

    /// <summary>The name of the journal's storage as the place of recordings, among the sinks.</summary>
    public const string Recordings = "recordings";

    /// <summary>Stands for the mode of a policy where the grant was that of a drill.</summary>
    public const string Drill = "Drill";

    /// <summary>What the name of each metric begins with.</summary>
    public const string Prefix = "breakglass_operator_";

    private static readonly TimeSpan SlowRevocation = TimeSpan.FromSeconds(5);
    private static readonly double[] AccessBounds = [.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60];
    private static readonly double[] RevocationBounds = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15, 60, 300];
    private static readonly HashSet<string> KnownAuditResults = [.. AuditResults.All];
    private static readonly HashSet<string> DrillMode = [Drill];
    private static readonly HashSet<string> DrillFailures = [.. DrillReasons.All];
    private static readonly GrantPhase[] Phases = Enum.GetValues<GrantPhase>();

    // A grant that was denied never had access to revoke.
    private static readonly EndReason[] Revocations = [.. Enum.GetValues<EndReason>().Except([EndReason.Denied, EndReason.ApprovalTimeout])];

    private static readonly AnomalyKind[] Anomalies = Enum.GetValues<AnomalyKind>();

    private readonly HashSet<string> _denialReasons;
    private readonly HashSet<string> _madeKinds;
    private readonly HashSet<string> _receiverTypes = [];
    private readonly HashSet<string> _deliveryResults = [];
    private readonly ConcurrentDictionary<string, bool> _sinks = new();
    private readonly ConcurrentDictionary<string, int> _backlogs = new();
    private readonly ConcurrentDictionary<(string Policy, PolicyMode Mode), bool> _modes = new();
    private readonly ConcurrentDictionary<string, bool> _policies = new();
    private readonly ConcurrentDictionary<string, bool> _authorities = new();
    private readonly ConcurrentDictionary<string, bool> _drills = new();
    private readonly Tally _activations;
    private readonly Tally _bypasses;
    private readonly Tally _revocations;
    private readonly Tally _denials;
    private readonly Tally _persistenceAttempts;
    private readonly Tally _persistenceAllowed;
    private readonly Tally _anomalies;
    private readonly Tally _vouchersUsed;
    private readonly Tally _driftRepairs;
    private readonly Tally _orphansRemoved;
    private readonly Tally _notifications;
    private readonly Tally _auditRecords;
    private readonly Tally _slowRevocations;
    private readonly Tally _auditEvents;
    private readonly Tally _accessAfterRevocation;
    private readonly Tally _drillFailures;
    private long _auditLastEvent;
    private long _accessesTimed;
    private long _cutsTimed;
    private long _proofsTimed;
    private readonly Histogram<double> _timeToAccess;
    private readonly Histogram<double> _revocationLag;
    private readonly Histogram<double> _revocationVerified;
    private readonly Histogram<double> _drillTimeToAccess;
    private readonly Histogram<double> _drillTimeToDenial;

    /// <summary>Creates every instrument.</summary>
    /// <param name="snapshot">Reads the caches; called at each scrape, from any thread.</param>
    /// <param name="version">The operator's version.</param>
    /// <param name="denialReasons">The reasons a grant can be denied for, so that their counters exist from the start.</param>
    /// <param name="madeKinds">The kinds of objects that the operator makes and may have to repair or remove.</param>
    public OperatorMetrics(Func<MetricsSnapshot> snapshot, string version, IReadOnlyList<string> denialReasons, IReadOnlyList<string> madeKinds)
    {
        _denialReasons = [.. denialReasons];
        _madeKinds = [.. madeKinds];
        Meter = new Meter(MeterName, version);
        _activations = Count("activations_total", "Grants that became active.", "policy", "mode");
        _bypasses = Count("bypasses_total", "Grants that became active by their policy's emergency bypass, because no decision was made in time.", "policy");
        _revocations = Count("revocations_total", "Grants whose access ended, by reason.", "policy", "reason");
        _denials = Count("denials_total", "Grants that were denied, by reason; the policy is empty if it does not exist.", "policy", "reason");
        _persistenceAttempts = Count("persistence_attempts_total", "Attempts of a grant's identity to create something that outlives the grant.", "policy");
        _persistenceAllowed = Count(
            "persistence_allowed_total", "Writes that the policy allowed a grant's identity although they may outlive the grant.", "policy");
        _anomalies = Count("anomalies_total", "Unusual uses of grants that were reported, by kind.", "policy", "kind");
        _vouchersUsed = Count("vouchers_used_total", "Vouchers that were used, by the authority that signed them.", "authority");
        _driftRepairs = Count("drift_repairs_total", "Objects of active grants that were changed or deleted and that the operator restored.", "kind");
        _orphansRemoved = Count("orphans_removed_total", "Objects of the operator that were removed because their grant is gone or over.", "kind");
        _notifications = Count(
            "notifications_total", "Notifications by type of receiver and result: delivered, failed or dropped.", "receiver_type", "result");
        _auditRecords = Count("audit_records_total", "Entries of the journal by sink and result: delivered or failed.", "sink", "result");
        _slowRevocations = Count("slow_revocations_total", "Grants whose bindings existed for more than 5 s after access was due to end.");
        _auditEvents = Count("audit_events_total", "Audit events by what became of them; a body that was refused counts once.", "result");
        _accessAfterRevocation = Count("access_after_revocation_total", "Requests of a grant's identity that succeeded after its access was cut; 0 always.");
        _timeToAccess = Histogram("time_to_access_seconds", "Time from a grant's creation to working access.", AccessBounds);
        _revocationLag = Histogram("revocation_lag_seconds", "Time from the moment access was due to end until its bindings were gone.", RevocationBounds);
        _revocationVerified = Histogram(
            "revocation_verified_seconds", "Time from the moment access was due to end until the API server confirmed that it has ended.", RevocationBounds);
        _drillFailures = Count("drill_failures_total", "Runs of drills that failed, by the reason of the first failure.", "drill", "reason");
        _drillTimeToAccess = Histogram(
            "drill_time_to_access_seconds", "In runs of drills: time from the request to the first use of the access that succeeded.", AccessBounds);
        _drillTimeToDenial = Histogram(
            "drill_time_to_denial_seconds", "In runs of drills: time from the grant's end to the first use of the access that was refused.", RevocationBounds);
        Meter.CreateObservableGauge(Prefix + "audit_backlog", Backlogs, unit: null,
            "Entries that a sink does not have yet; normally 0. The sink journal is the journal itself, and only the leader has its backlog.");
        Meter.CreateObservableGauge<double>(
            Prefix + "audit_last_event_timestamp_seconds",
            () => AuditLastEvent is { } at ? [new(at.ToUnixTimeMilliseconds() / 1000.0)] : Array.Empty<Measurement<double>>(), unit: null,
            "The time of the latest audit event that this replica received, in seconds since 1970. It does not exist before the first.");
        _ = new OperatorGauges(Meter, Prefix, snapshot, () => _policies.Keys, Forget, Phases, version);
        foreach (var kind in madeKinds)
        {
            _driftRepairs.Add(0, Made(kind));
            _orphansRemoved.Add(0, Made(kind));
        }

        // Attempts of identities of no grant that is known; the first of them must show in increase() too.
        _persistenceAttempts.Add(0);
        _slowRevocations.Add(0);
    }

    /// <summary>The time of the latest audit event that this replica received, of whomever; null before the first.</summary>
    public DateTimeOffset? AuditLastEvent
    {
        get => Interlocked.Read(ref _auditLastEvent) is var ticks and > 0 ? new(ticks, TimeSpan.Zero) : null;
    }

    /// <summary>The meter, for those who listen to this instance only.</summary>
    public Meter Meter { get; }

    /// <summary>A policy exists: its counters exist from here on, at 0. Cheap to call again and again.</summary>
    public void PolicySeen(string policy, PolicyMode mode)
    {
        var isNew = _policies.TryAdd(policy, true);
        if (_modes.TryAdd((policy, mode), true)) _activations.Add(0, Known(policy), MetricLabel.Of(mode));
        if (!isNew) return;
        foreach (var reason in Revocations) _revocations.Add(0, Known(policy), MetricLabel.Of(reason));
        foreach (var reason in _denialReasons) _denials.Add(0, Known(policy), MetricLabel.Of(reason, _denialReasons));
        _persistenceAttempts.Add(0, Known(policy));
        _persistenceAllowed.Add(0, Known(policy));
        _bypasses.Add(0, Known(policy));
        foreach (var kind in Anomalies) _anomalies.Add(0, Known(policy), MetricLabel.Of(kind));
    }

    /// <summary>A grant became active.</summary>
    public void Activated(string policy, PolicyMode mode) => _activations.Add(1, Known(policy), MetricLabel.Of(mode));

    /// <summary>A policy allows drills: the counter of their activations exists from here on, at 0.</summary>
    public void DrillsAllowed(string policy) => _activations.Add(0, Known(policy), MetricLabel.Of(Drill, DrillMode));

    /// <summary>The grant of a drill became active. It counts under a mode of its own, which no alert is about.</summary>
    public void Drilled(string policy) => _activations.Add(1, Known(policy), MetricLabel.Of(Drill, DrillMode));

    /// <summary>The metrics that each run of a drill of a policy changes, with how often this process has changed them.</summary>
    public IReadOnlyDictionary<string, long> MovedByDrills(string policy) => new Dictionary<string, long>
    {
        ["activations_total"] = _activations.Read(Known(policy), MetricLabel.Of(Drill, DrillMode)),
        ["time_to_access_seconds"] = Interlocked.Read(ref _accessesTimed),
        ["revocation_lag_seconds"] = Interlocked.Read(ref _cutsTimed),
        ["revocation_verified_seconds"] = Interlocked.Read(ref _proofsTimed),
    };

    /// <summary>A drill exists: its counters exist from here on, at 0.</summary>
    public void DrillSeen(string drill)
    {
        if (!_drills.TryAdd(drill, true)) return;
        foreach (var reason in DrillReasons.All) _drillFailures.Add(0, MetricLabel.Of(drill, _drills), MetricLabel.Of(reason, DrillFailures));
    }

    /// <summary>A drill is gone.</summary>
    public void DrillGone(string drill)
    {
        _drills.TryRemove(drill, out _);
        _drillFailures.Forget(drill);
    }

    /// <summary>A run of a drill ended.</summary>
    public void DrillEnded(string drill, DrillRun run)
    {
        if (run is { Result: DrillResult.Failed, Reason: { } reason })
            _drillFailures.Add(1, MetricLabel.Of(drill, _drills), MetricLabel.Of(reason, DrillFailures));
        if (GoDuration.TryParse(run.TimeToAccess, out var access)) Record(_drillTimeToAccess, access);
        if (GoDuration.TryParse(run.TimeToDenial, out var denial)) Record(_drillTimeToDenial, denial);
    }

    /// <summary>A grant became active by its policy's emergency bypass: unapproved, where approval is the rule.</summary>
    public void Bypassed(string policy) => _bypasses.Add(1, Known(policy));

    /// <summary>A grant's access ended, at its expiry or before.</summary>
    public void Revoked(string policy, EndReason reason) => _revocations.Add(1, Known(policy), MetricLabel.Of(reason));

    /// <summary>A grant was denied.</summary>
    /// <param name="policy">The policy that it names, whether or not there is one.</param>
    /// <param name="reason">A CamelCase reason from a fixed set.</param>
    public void Denied(string policy, string reason) => _denials.Add(1, Known(policy), MetricLabel.Of(reason, _denialReasons));

    /// <summary>A grant's identity tried to make something that outlives it.</summary>
    public void PersistenceAttempt(string policy) => _persistenceAttempts.Add(1, Known(policy));

    /// <summary>A grant's identity made what may outlive it, and its policy allows that.</summary>
    public void PersistenceAllowed(string policy) => _persistenceAllowed.Add(1, Known(policy));

    /// <summary>A grant was used in an unusual way.</summary>
    public void Anomaly(string policy, AnomalyKind kind) => _anomalies.Add(1, Known(policy), MetricLabel.Of(kind));

    /// <summary>An authority exists: its counter exists from here on, at 0. Cheap to call again and again.</summary>
    public void AuthoritySeen(string authority)
    {
        if (_authorities.TryAdd(authority, true)) _vouchersUsed.Add(0, MetricLabel.Of(authority, _authorities));
    }

    /// <summary>A voucher was used.</summary>
    public void VoucherUsed(string authority) => _vouchersUsed.Add(1, MetricLabel.Of(authority, _authorities));

    /// <summary>There are receivers of notifications of these types: their counters exist at 0 from the start.</summary>
    public void NotifyingTo(IEnumerable<string> types, IReadOnlyList<string> results)
    {
        _deliveryResults.UnionWith(results);
        foreach (var type in types)
        {
            _receiverTypes.Add(type);
            foreach (var result in results) CountNotifications(0, type, result);
        }
    }

    /// <summary>A notification was delivered, failed or dropped.</summary>
    public void Notified(string receiverType, string result) => CountNotifications(1, receiverType, result);

    /// <summary>Evidence goes to a sink: its counters exist at 0 from the start.</summary>
    /// <param name="sink">The name of the sink, from the operator's options.</param>
    /// <param name="results">What can become of an entry.</param>
    public void AuditingTo(string sink, params string[] results)
    {
        _sinks[sink] = true;
        _deliveryResults.UnionWith(results);
        foreach (var result in results) AuditRecords(sink, result, 0);
    }

    /// <summary>Entries were delivered to a sink, or were not.</summary>
    public void AuditRecords(string sink, string result, int count) =>
        _auditRecords.Add(count, MetricLabel.Of(sink, _sinks), MetricLabel.Of(result, _deliveryResults));

    /// <summary>How many entries a sink does not have yet; null where this process does not write to it.</summary>
    public void AuditBacklog(string sink, int? waiting)
    {
        if (waiting is { } count) _backlogs[sink] = count;
        else _backlogs.TryRemove(sink, out _);
    }

    /// <summary>An object of an active grant was restored.</summary>
    public void DriftRepaired(string kind) => _driftRepairs.Add(1, Made(kind));

    /// <summary>An object whose grant is gone or over was removed.</summary>
    public void OrphanRemoved(string kind) => _orphansRemoved.Add(1, Made(kind));

    /// <summary>Audit events can arrive: their counters exist from here on, at 0.</summary>
    public void AuditListening()
    {
        foreach (var result in AuditResults.All) AuditEvents(result, 0);
        _accessAfterRevocation.Add(0);
    }

    /// <summary>What became of audit events, one of <see cref="AuditResults"/>.</summary>
    public void AuditEvents(string result, int count) => _auditEvents.Add(count, MetricLabel.Of(result, KnownAuditResults));

    /// <summary>An audit event of this time arrived.</summary>
    public void AuditSeen(DateTimeOffset at)
    {
        for (var seen = Interlocked.Read(ref _auditLastEvent); seen < at.UtcTicks; seen = Interlocked.Read(ref _auditLastEvent))
            Interlocked.CompareExchange(ref _auditLastEvent, at.UtcTicks, seen);
    }

    /// <summary>A request succeeded after access was cut.</summary>
    public void AccessAfterRevocation() => _accessAfterRevocation.Add(1);

    /// <summary>How long it took from a grant's creation to working access.</summary>
    public void TimeToAccess(TimeSpan time)
    {
        Record(_timeToAccess, time);
        Interlocked.Increment(ref _accessesTimed);
    }

    /// <summary>How long it took from the moment access was due to end until its bindings were gone.</summary>
    public void RevocationLag(TimeSpan time)
    {
        Record(_revocationLag, time);
        Interlocked.Increment(ref _cutsTimed);
        if (time > SlowRevocation) _slowRevocations.Add(1);
    }

    /// <summary>How long it took from the moment access was due to end until that was proven.</summary>
    public void RevocationVerified(TimeSpan time)
    {
        Record(_revocationVerified, time);
        Interlocked.Increment(ref _proofsTimed);
    }

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();

    private void Forget(string policy)
    {
        // In this order: a policy that comes back in the middle is seen again, and has its zeros then.
        foreach (var tally in (ReadOnlySpan<Tally>)[_activations, _bypasses, _revocations, _denials, _persistenceAttempts, _persistenceAllowed, _anomalies])
            tally.Forget(policy);
        foreach (var key in _modes.Keys.Where(key => key.Policy == policy)) _modes.TryRemove(key, out _);
        _policies.TryRemove(policy, out _);
    }

    // Two machines' clocks can make a time negative; a histogram's sum must not go back.
    private static void Record(Histogram<double> histogram, TimeSpan time) => histogram.Record(Math.Max(0, time.TotalSeconds));

    private List<Measurement<double>> Backlogs() =>
        [.. _backlogs.Select(b => new Measurement<double>(b.Value, new KeyValuePair<string, object?>("sink", MetricLabel.Of(b.Key, _sinks).ToString())))];

    private void CountNotifications(int count, string receiverType, string result) =>
        _notifications.Add(count, MetricLabel.Of(receiverType, _receiverTypes), MetricLabel.Of(result, _deliveryResults));

    private MetricLabel Known(string policy) => MetricLabel.Of(policy, _policies);

    private MetricLabel Made(string kind) => MetricLabel.Of(kind, _madeKinds);

    private Tally Count(string name, string description, params string[] labels) => new(Meter, Prefix + name, description, labels);

    private Histogram<double> Histogram(string name, string description, double[] bounds) =>
        Meter.CreateHistogram(Prefix + name, unit: "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });
}
