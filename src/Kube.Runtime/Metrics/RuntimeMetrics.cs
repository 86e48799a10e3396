using System.Collections.Concurrent;

namespace Kube.Runtime;

/// <summary>
/// The instruments of the runtime, by the names that Kubernetes dashboards know (controller-runtime and client-go); an
/// exporter is to take the names verbatim.
/// </summary>
public static class RuntimeMetrics
{
    /// <summary>Name of the meter to listen to.</summary>
    public const string MeterName = "Kube.Runtime";

    // controller-runtime, pkg/internal/controller/metrics.
    private static readonly double[] ReconcileBuckets =
    [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4,
        4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
    ];

    // 10e-9 · 10^0..11, as controller-runtime has them.
    private static readonly double[] QueueBuckets = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000];

    private static readonly Meter Meter = new(MeterName);
    private static readonly ConcurrentDictionary<object, Func<QueueSample>> Queues = new(ReferenceEqualityComparer.Instance);

    internal static readonly Counter<long> ReconcileTotal =
        Meter.CreateCounter<long>("controller_runtime_reconcile_total", description: "Reconciliations by controller and result.");

    internal static readonly Counter<long> ReconcileErrors =
        Meter.CreateCounter<long>("controller_runtime_reconcile_errors_total", description: "Failed reconciliations by controller.");

    internal static readonly Counter<long> ReconcilePanics = Meter.CreateCounter<long>(
        "controller_runtime_reconcile_panics_total", description: "Reconciliations that ended in an exception which is not an answer of the API server.");

    internal static readonly Histogram<double> ReconcileTime = Meter.CreateHistogram(
        "controller_runtime_reconcile_time_seconds", "s", "Length of a reconciliation, without the wait in the queue.", null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = ReconcileBuckets });

    internal static readonly Gauge<int> MaxConcurrent =
        Meter.CreateGauge<int>("controller_runtime_max_concurrent_reconciles", description: "Workers of a controller.");

    internal static readonly UpDownCounter<int> ActiveWorkers =
        Meter.CreateUpDownCounter<int>("controller_runtime_active_workers", description: "Workers that are busy.");

    internal static readonly Counter<long> QueueAdds = Meter.CreateCounter<long>("workqueue_adds_total", description: "Adds handled by the queue.");

    internal static readonly Counter<long> QueueRetries = Meter.CreateCounter<long>("workqueue_retries_total", description: "Rate-limited adds.");

    internal static readonly Histogram<double> QueueDuration = Meter.CreateHistogram(
        "workqueue_queue_duration_seconds", "s", "How long an item stays in the queue before it is asked for.", null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = QueueBuckets });

    internal static readonly Histogram<double> WorkDuration = Meter.CreateHistogram(
        "workqueue_work_duration_seconds", "s", "How long processing an item takes.", null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = QueueBuckets });

    internal static readonly Gauge<int> MasterStatus =
        Meter.CreateGauge<int>("leader_election_master_status", description: "1 while this process leads, else 0.");

    internal static readonly Counter<long> SlowPath = Meter.CreateCounter<long>(
        "leader_election_slowpath_total", description: "Renewals of the lease that had to read it first.");

    internal static readonly Counter<long> EventsDropped = Meter.CreateCounter<long>(
        "event_recorder_dropped_total", description: "Kubernetes events that were not written, by reason.");

    static RuntimeMetrics()
    {
        Meter.CreateObservableGauge(
            "workqueue_depth", static () => Queues.Values.SelectMany(q => q().Depths()), description: "Items that wait for a worker now.");
        Meter.CreateObservableGauge(
            "workqueue_unfinished_work_seconds", static () => Queues.Values.Select(q => q().Unfinished()), "s",
            "Seconds of work in progress, summed over the items.");
        Meter.CreateObservableGauge(
            "workqueue_longest_running_processor_seconds", static () => Queues.Values.Select(q => q().Longest()), "s",
            "How long the longest of them has been running.");
    }

    internal static void Watch(object queue, Func<QueueSample> sample) => Queues[queue] = sample;

    internal static void Unwatch(object queue) => Queues.TryRemove(queue, out _);
}
