using System.Diagnostics.Metrics;
using BreakGlass.Gateway.Admission;

namespace BreakGlass.Gateway;

/// <summary>The gateway's metrics. Instrument names are the Prometheus names. No user or grant is ever a label.</summary>
public sealed class GatewayMetrics : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "BreakGlass.Gateway";

    private const string Prefix = "breakglass_operator_";

    private readonly Counter<long> _cut;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _refused;
    private long _open;

    /// <summary>Makes the instruments; counters begin at 0, so that the first increase is seen.</summary>
    /// <param name="version">The version of the program.</param>
    public GatewayMetrics(string version)
    {
        Meter = new(MeterName, version);
        Meter.CreateObservableGauge(Prefix + "gateway_connections", () => Volatile.Read(ref _open), unit: null, "Open requests and streams.");
        _cut = Meter.CreateCounter<long>(
            Prefix + "gateway_streams_cut_total", unit: null, "Requests and streams that were closed because their grant was no longer admitted.");
        _requests = Meter.CreateCounter<long>(Prefix + "gateway_requests_total", unit: null, "Requests, by the code of the answer.");
        _refused = Meter.CreateCounter<long>(Prefix + "gateway_refused_total", unit: null, "Requests that the gateway itself refused, by reason.");
        Meter.CreateObservableGauge(Prefix + "gateway_last_heard_timestamp_seconds", LastHeard, unit: null, "When the API server answered last.");
        _cut.Add(0);
        foreach (var reason in RefusalReasons.All) _refused.Add(0, new KeyValuePair<string, object?>("reason", reason));
    }

    /// <summary>The meter.</summary>
    public Meter Meter { get; }

    /// <summary>When the API server answered last; null if it did not yet.</summary>
    public Func<DateTimeOffset?> HeardAt { get; set; } = static () => null;

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();

    internal void Began() => Interlocked.Increment(ref _open);

    internal void Ended(int code)
    {
        Interlocked.Decrement(ref _open);
        _requests.Add(1, new KeyValuePair<string, object?>("code", code));
    }

    internal void Refused(string reason) => _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    internal void Cut(int count) => _cut.Add(count);

    private IEnumerable<Measurement<double>> LastHeard() =>
        HeardAt() is { } at ? [new(at.ToUnixTimeMilliseconds() / 1000.0)] : [];
}
