using System.Diagnostics.Metrics;
using BreakGlass.Gateway.Admission;

namespace BreakGlass.Gateway;

/// <summary>The gateway's metrics. Instrument names are the Prometheus names. No user or grant is ever a label.</summary>
public sealed class GatewayMetrics : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "BreakGlass.Gateway";

    private const string Prefix = "breakglass_operator_";
    private const string Stored = "Stored";
    private const string Failed = "Failed";

    private readonly Counter<long> _cut;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _recordingParts;
    private readonly Counter<long> _recordingMissing;
    private readonly Counter<long> _recordingFailures;
    private readonly Counter<long> _recordingDropped;
    private long _open;

    /// <summary>Makes the instruments on a meter of their own.</summary>
    /// <param name="version">The version of the program.</param>
    public GatewayMetrics(string version)
        : this(new Meter(MeterName, version))
    {
    }

    /// <summary>
    /// Makes the instruments; counters begin at 0, so that the first increase is seen. What exports them must listen to the meter already.
    /// </summary>
    /// <param name="meter">The meter, with the name <see cref="MeterName"/>; disposed of with this object.</param>
    public GatewayMetrics(Meter meter)
    {
        Meter = meter;
        Meter.CreateObservableGauge(Prefix + "gateway_connections", () => Volatile.Read(ref _open), unit: null, "Open requests and streams.");
        _cut = Meter.CreateCounter<long>(
            Prefix + "gateway_streams_cut_total", unit: null, "Requests and streams that were closed because their grant was no longer admitted.");
        _requests = Meter.CreateCounter<long>(Prefix + "gateway_requests_total", unit: null, "Requests, by the code of the answer.");
        _refused = Meter.CreateCounter<long>(Prefix + "gateway_refused_total", unit: null, "Requests that the gateway itself refused, by reason.");
        Meter.CreateObservableGauge(Prefix + "gateway_last_heard_timestamp_seconds", LastHeard, unit: null, "When the API server answered last.");
        Meter.CreateObservableGauge(
            Prefix + "gateway_certificate_expiry_timestamp_seconds", Expiry, unit: null, "When the certificate that the gateway serves expires.");
        _recordingParts = Meter.CreateCounter<long>(
            Prefix + "gateway_recording_parts_total", unit: null, "Attempts to store a part of a recording, by result: Stored or Failed.");
        _recordingMissing = Meter.CreateCounter<long>(
            Prefix + "gateway_recording_missing_bytes_total", unit: null, "Bytes of recorded streams that were not recorded.");
        _recordingFailures = Meter.CreateCounter<long>(
            Prefix + "gateway_recording_failures_total", unit: null, "Attempts to report to the operator that failed.");
        _recordingDropped = Meter.CreateCounter<long>(
            Prefix + "gateway_recording_dropped_total", unit: null, "Events that were not reported to the operator, because there was no room for them.");
        Meter.CreateObservableGauge(
            Prefix + "gateway_recording_backlog_bytes", () => Backlog(), unit: null, "What waits to be reported to the operator.");
        Meter.CreateObservableGauge(
            Prefix + "gateway_recording_failing", () => IsRecordingFailing() ? 1 : 0, unit: null,
            "1 if nothing that is recorded has reached the operator for more than 10 s, or some of it was lost since then.");
        _recordingFailures.Add(0);
        _recordingDropped.Add(0);
        _cut.Add(0);
        _recordingMissing.Add(0);
        foreach (var result in (string[])[Stored, Failed]) _recordingParts.Add(0, new KeyValuePair<string, object?>("result", result));
        foreach (var reason in RefusalReasons.All) _refused.Add(0, new KeyValuePair<string, object?>("reason", reason));
    }

    /// <summary>The meter.</summary>
    public Meter Meter { get; }

    /// <summary>When the API server answered last; null if it did not yet.</summary>
    public Func<DateTimeOffset?> HeardAt { get; set; } = static () => null;

    /// <summary>When the certificate that is served expires; null if there is none.</summary>
    public Func<DateTimeOffset?> CertificateExpiresAt { get; set; } = static () => null;

    /// <summary>How many bytes wait to be reported.</summary>
    public Func<long> Backlog { get; set; } = static () => 0;

    /// <summary>Whether recording fails.</summary>
    public Func<bool> IsRecordingFailing { get; set; } = static () => false;

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();

    internal void Began() => Interlocked.Increment(ref _open);

    internal void Ended(int code)
    {
        Interlocked.Decrement(ref _open);
        _requests.Add(1, new KeyValuePair<string, object?>("code", code));
    }

    internal void Refused(string reason) => _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    internal void RecordingFailed() => _recordingFailures.Add(1);

    internal void RecordingDropped(int events) => _recordingDropped.Add(events);

    internal void Cut(int count) => _cut.Add(count);

    internal void RecordingPart(bool isStored) => _recordingParts.Add(1, new KeyValuePair<string, object?>("result", isStored ? Stored : Failed));

    internal void RecordingMissing(long bytes) => _recordingMissing.Add(bytes);

    private IEnumerable<Measurement<double>> LastHeard() => Seconds(HeardAt());

    private IEnumerable<Measurement<double>> Expiry() => Seconds(CertificateExpiresAt());

    private static IEnumerable<Measurement<double>> Seconds(DateTimeOffset? time) =>
        time is { } at ? [new(at.ToUnixTimeMilliseconds() / 1000.0)] : [];
}
