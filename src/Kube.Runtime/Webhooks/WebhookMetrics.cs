namespace Kube.Runtime;

/// <summary>The instruments of webhooks, by the names of controller-runtime (pkg/webhook/internal/metrics, pkg/certwatcher/metrics).</summary>
public static class WebhookMetrics
{
    // Prometheus' own default buckets, which controller-runtime takes, up to the longest time-out of a webhook.
    private static readonly double[] Bounds = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10];

    private static readonly Meter Meter = new(RuntimeMetrics.MeterName);

    internal static readonly Counter<long> Requests =
        Meter.CreateCounter<long>("controller_runtime_webhook_requests_total", description: "Admission requests by webhook and HTTP status code.");

    internal static readonly Histogram<double> Latency = Meter.CreateHistogram(
        "controller_runtime_webhook_latency_seconds", "s", "Time to answer an admission request.", null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = Bounds });

    internal static readonly UpDownCounter<int> InFlight =
        Meter.CreateUpDownCounter<int>("controller_runtime_webhook_requests_in_flight", description: "Admission requests being answered now.");

    internal static readonly Counter<long> Panics =
        Meter.CreateCounter<long>("controller_runtime_webhook_panics_total", description: "Admission requests whose handler failed; they were refused.");

    private static readonly Counter<long> CertificateReads =
        Meter.CreateCounter<long>("certwatcher_read_certificate_total", description: "Times that the serving certificate was read.");

    private static readonly Counter<long> CertificateErrors = Meter.CreateCounter<long>(
        "certwatcher_read_certificate_errors_total", description: "Times that the serving certificate could not be read; the last good one stays in use.");

    /// <summary>The serving certificate was read, whether or not it changed.</summary>
    public static void CertificateRead() => CertificateReads.Add(1);

    /// <summary>It could not be read.</summary>
    public static void CertificateReadFailed() => CertificateErrors.Add(1);

    /// <summary>Makes the counters of a webhook exist at 0.</summary>
    internal static void StartAtZero(string webhook)
    {
        Requests.Add(0, Webhook(webhook), new("code", "200"));
        Requests.Add(0, Webhook(webhook), new("code", "500"));
        InFlight.Add(0, Webhook(webhook));
        Panics.Add(0, Webhook(webhook));
        CertificateReads.Add(0);
        CertificateErrors.Add(0);
    }

    internal static KeyValuePair<string, object?> Webhook(string path) => new("webhook", path);
}
