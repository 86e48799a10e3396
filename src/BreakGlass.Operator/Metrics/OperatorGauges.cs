using System.Diagnostics.Metrics;

namespace BreakGlass.Operator.Metrics;

/// <summary>
/// The gauges of <see cref="OperatorMetrics"/>, all fed from one <see cref="MetricsSnapshot"/> per scrape. A value that does not exist
/// (yet) is not measured, and its series goes at the next scrape; NaN would poison every sum() over it.
/// </summary>
internal sealed class OperatorGauges
{
    /// <summary>
    /// How long the counters of a policy that is gone are shown, so that a scrape gets its last events. It runs from the first scrape without
    /// the policy.
    /// </summary>
    internal static readonly TimeSpan ForgottenAfter = TimeSpan.FromMinutes(30);

    private readonly Lock _lock = new();
    private readonly Func<MetricsSnapshot> _read;
    private readonly GrantPhase[] _phases;
    private readonly Func<IEnumerable<string>> _counted;
    private readonly Action<string> _forget;
    private readonly Dictionary<string, DateTimeOffset> _goneSince = [];
    private readonly HashSet<string> _served = [];
    private MetricsSnapshot _snapshot = new();

    /// <summary>Creates the gauges on the meter, which keeps them.</summary>
    /// <param name="meter">The meter.</param>
    /// <param name="prefix">What every name begins with.</param>
    /// <param name="read">Takes a snapshot.</param>
    /// <param name="counted">The policies that counters know.</param>
    /// <param name="forget">Removes the counters of a policy that is gone for <see cref="ForgottenAfter"/>.</param>
    /// <param name="phases">The phases of a grant.</param>
    /// <param name="version">The operator's version.</param>
    public OperatorGauges(
        Meter meter, string prefix, Func<MetricsSnapshot> read, Func<IEnumerable<string>> counted, Action<string> forget, GrantPhase[] phases, string version)
    {
        (_read, _counted, _forget, _phases) = (read, counted, forget, phases);
        void Gauge(string name, string description, Func<MetricsSnapshot, IEnumerable<Measurement<double>>> observe) =>
            meter.CreateObservableGauge(prefix + name, () => Observe(name, observe), unit: null, description);
        void PolicyGauge(string name, string description, Func<PolicyMetrics, double?> value) =>
            Gauge(name, description, now => now.Policies.SelectMany(p => Of(value(p), new KeyValuePair<string, object?>("policy", p.Policy))));

        void DrillGauge(string name, string description, Func<DrillMetrics, double?> value) =>
            Gauge(name, description, now => now.Drills.SelectMany(d => Of(value(d), new KeyValuePair<string, object?>("drill", d.Drill))));

        Gauge("grants", "Grants by policy and phase.", Grants);
        PolicyGauge("last_activation_timestamp_seconds", "When a grant of the policy last became active, in seconds since 1970.",
            policy => policy.LastActivation is { } at ? at.ToUnixTimeMilliseconds() / 1000.0 : null);
        PolicyGauge("reviews_pending", "Finished grants that wait for their review.", policy => policy.ReviewsPending);
        PolicyGauge("reviews_overdue", "Finished grants whose review is late.", policy => policy.ReviewsOverdue);
        PolicyGauge("policy_overused", "1 if the policy was used more often than it allows.", policy => policy.Overused ? 1 : 0);
        DrillGauge("drill_last_success_timestamp_seconds", "When a run of the drill passed last, in seconds since 1970.",
            drill => drill.LastPassedAt is { } at ? at.ToUnixTimeMilliseconds() / 1000.0 : null);
        DrillGauge("drill_passing", "1 if the last run of the drill passed, otherwise 0; it does not exist before the first run.",
            drill => drill.IsPassing is { } passing ? passing ? 1 : 0 : null);
        DrillGauge("drill_due_timestamp_seconds",
            "The first time of the drill's schedule after its last run that passed, in seconds since 1970; it does not exist if the drill is suspended.",
            drill => drill.DueAt?.ToUnixTimeSeconds());
        Gauge("lingering_grants", "Grants whose access is due to end and is not cut yet; 0 in normal operation.", now => [new(now.LingeringGrants)]);
        Gauge("unproven_grants", "Grants whose access was cut more than a minute ago and is not proven to be gone yet; 0 in normal operation.",
            now => [new(now.UnprovenGrants)]);
        Gauge("revocations_obstructed", "Finished grants with an object that cannot be removed; 0 in normal operation.",
            now => [new(now.ObstructedRevocations)]);
        Gauge("lockdowns", "Lockdowns in force.", now => [new(now.Lockdowns)]);
        Gauge("rotation_due", "1 if a voucher of the authority was used, and neither its keys nor the courier were replaced.",
            now => now.Authorities.SelectMany(a => Of(a.RotationDue ? 1 : 0, new KeyValuePair<string, object?>("authority", a.Authority))));
        Gauge("last_voucher_use_timestamp_seconds", "When a voucher of the authority was last used, in seconds since 1970.", now => now.Authorities.SelectMany(
            a => Of(a.LastUse?.ToUnixTimeMilliseconds() / 1000.0, new KeyValuePair<string, object?>("authority", a.Authority))));
        Gauge("gateway_configured", "1 if the operator has a gateway (--gateway-url), otherwise 0.", now => [new(now.HasGateway ? 1 : 0)]);
        Gauge("clock_skew_seconds", "This machine's clock minus the API server's, by the worst answer of the last minute.",
            now => Of(now.ClockSkew?.TotalSeconds));
        Gauge("build_info", "1, with the operator's version.", _ => [new(1, new KeyValuePair<string, object?>("version", version))]);
    }

    private static Measurement<double>[] Of(double? value, params KeyValuePair<string, object?>[] labels) => value is { } known ? [new(known, labels)] : [];

    private IEnumerable<Measurement<double>> Grants(MetricsSnapshot now) =>
        from policy in now.Policies
        from phase in _phases
        select new Measurement<double>(
            policy.Grants.GetValueOrDefault(phase), new KeyValuePair<string, object?>("policy", policy.Policy),
            new KeyValuePair<string, object?>("phase", Enum.GetName(phase)));

    // Each gauge is asked once per collection, in any order: one that asks again begins a new one, and a new snapshot is taken.
    private List<Measurement<double>> Observe(string gauge, Func<MetricsSnapshot, IEnumerable<Measurement<double>>> observe)
    {
        lock (_lock)
        {
            if (_served.Count == 0 || !_served.Add(gauge))
            {
                _snapshot = _read();
                _served.Clear();
                _served.Add(gauge);
                ForgetTheGone([.. _snapshot.Policies.Select(policy => policy.Policy)]);
            }

            return [.. observe(_snapshot)];
        }
    }

    private void ForgetTheGone(HashSet<string> present)
    {
        foreach (var policy in present) _goneSince.Remove(policy);
        foreach (var policy in _counted().Where(policy => !present.Contains(policy)))
        {
            _goneSince.TryAdd(policy, _snapshot.At);
            if (_snapshot.At - _goneSince[policy] < ForgottenAfter) continue;
            _forget(policy);
            _goneSince.Remove(policy);
        }
    }
}
