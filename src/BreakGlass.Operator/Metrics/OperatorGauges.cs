using System.Diagnostics.Metrics;
using BreakGlass.Core.Api;

namespace BreakGlass.Operator.Metrics;

/// <summary>
/// The gauges of <see cref="OperatorMetrics"/>, all fed from one <see cref="MetricsSnapshot"/> per scrape. The SDK keeps showing the last
/// value of a series that is not measured any more; so a policy that is gone is measured as NaN, and NaN is not written.
/// </summary>
internal sealed class OperatorGauges
{
    /// <summary>How long the counters of a policy that is gone are shown, so that whoever scrapes gets its last events. It runs from the first scrape without the policy.</summary>
    internal static readonly TimeSpan ForgottenAfter = TimeSpan.FromMinutes(30);

    private readonly Lock _lock = new();
    private readonly Func<MetricsSnapshot> _read;
    private readonly GrantPhase[] _phases;
    private readonly Func<IEnumerable<string>> _counted;
    private readonly HashSet<string> _everSeen = [];
    private readonly Dictionary<string, DateTimeOffset> _goneSince = [];
    private readonly HashSet<string> _served = [];
    private MetricsSnapshot _snapshot = new();
    private List<string> _gone = [];

    /// <summary>Creates the gauges on the meter, which keeps them.</summary>
    /// <param name="meter">The meter.</param>
    /// <param name="prefix">What every name begins with.</param>
    /// <param name="read">Takes a snapshot.</param>
    /// <param name="counted">The policies that counters know.</param>
    /// <param name="phases">The phases of a grant.</param>
    /// <param name="version">The operator's version.</param>
    public OperatorGauges(Meter meter, string prefix, Func<MetricsSnapshot> read, Func<IEnumerable<string>> counted, GrantPhase[] phases, string version)
    {
        (_read, _counted, _phases) = (read, counted, phases);
        void Gauge(string name, string description, Func<MetricsSnapshot, IReadOnlyList<string>, IEnumerable<Measurement<double>>> observe) =>
            meter.CreateObservableGauge(prefix + name, () => Observe(name, observe), unit: null, description);
        void PolicyGauge(string name, string description, Func<PolicyMetrics, double> value) =>
            Gauge(name, description, (now, gone) => [.. now.Policies.Select(p => Of(p.Policy, value(p))), .. gone.Select(policy => Of(policy, double.NaN))]);

        Gauge("grants", "Grants by policy and phase.", Grants);
        PolicyGauge("last_activation_timestamp_seconds", "When a grant of the policy last became active, in seconds since 1970.",
            policy => policy.LastActivation is { } at ? at.ToUnixTimeMilliseconds() / 1000.0 : double.NaN);
        PolicyGauge("reviews_pending", "Finished grants whose review is awaited.", policy => policy.ReviewsPending);
        PolicyGauge("reviews_overdue", "Finished grants whose review is late.", policy => policy.ReviewsOverdue);
        PolicyGauge("policy_overused", "1 where the policy was used more often than it allows.", policy => policy.Overused ? 1 : 0);
        Gauge("lingering_grants", "Grants whose access is due to end and is not cut yet; 0 where all is well.", (now, _) => [new(now.LingeringGrants)]);
        Gauge("unproven_grants", "Grants whose access was cut more than a minute ago and is not proven to be gone yet; 0 where all is well.", (now, _) => [new(now.UnprovenGrants)]);
        Gauge("revocations_obstructed", "Grants that are over and of which something cannot be removed; 0 where all is well.", (now, _) => [new(now.ObstructedRevocations)]);
        Gauge("lockdowns", "Lockdowns in force.", (now, _) => [new(now.Lockdowns)]);
        Gauge("clock_skew_seconds", "This machine's clock minus the API server's, by the worst answer of the last minute.", (now, _) => [new(now.ClockSkew?.TotalSeconds ?? double.NaN)]);
        Gauge("build_info", "1, with the operator's version.", (_, _) => [new(1, new KeyValuePair<string, object?>("version", version))]);
    }

    /// <summary>Whether a policy is gone for so long that its series are not written any more. The last events of it were scraped long before.</summary>
    public bool IsForgotten(string policy)
    {
        lock (_lock) return _goneSince.TryGetValue(policy, out var since) && _snapshot.At - since >= ForgottenAfter;
    }

    private static Measurement<double> Of(string policy, double value) => new(value, new KeyValuePair<string, object?>("policy", policy));

    private IEnumerable<Measurement<double>> Grants(MetricsSnapshot now, IReadOnlyList<string> gone)
    {
        Measurement<double> Of(string policy, GrantPhase phase, double value) =>
            new(value, new KeyValuePair<string, object?>("policy", policy), new KeyValuePair<string, object?>("phase", Enum.GetName(phase)));
        foreach (var policy in now.Policies)
        {
            foreach (var phase in _phases) yield return Of(policy.Policy, phase, policy.Grants.GetValueOrDefault(phase));
        }

        foreach (var policy in gone)
        {
            foreach (var phase in _phases) yield return Of(policy, phase, double.NaN);
        }
    }

    // Each gauge is asked once per collection, in any order: one that asks again begins a new one, and the snapshot is taken anew.
    private List<Measurement<double>> Observe(string gauge, Func<MetricsSnapshot, IReadOnlyList<string>, IEnumerable<Measurement<double>>> observe)
    {
        lock (_lock)
        {
            if (_served.Count == 0 || !_served.Add(gauge))
            {
                _snapshot = _read();
                _served.Clear();
                _served.Add(gauge);
                var present = _snapshot.Policies.Select(policy => policy.Policy).ToHashSet();
                _everSeen.UnionWith(present);
                _everSeen.UnionWith(_counted());
                _gone = [.. _everSeen.Where(policy => !present.Contains(policy))];
                foreach (var policy in present) _goneSince.Remove(policy);
                foreach (var policy in _gone) _goneSince.TryAdd(policy, _snapshot.At);
            }

            return [.. observe(_snapshot, _gone)];
        }
    }
}
