using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace BreakGlass.Operator.Metrics;

/// <summary>
/// Collects when somebody scrapes. The SDK's own Prometheus exporter is not in the package registry this project builds from;
/// where it is, this class and <see cref="PrometheusWriter"/> can be replaced by it.
/// </summary>
/// <remarks>
/// Scrapers that come while a collection runs share its outcome, so any number of them costs one collection at a time; nothing is kept
/// longer, so nobody who scrapes after a change misses it.
/// </remarks>
[ExportModes(ExportModes.Pull)]
internal sealed class PrometheusExporter : BaseExporter<Metric>, IPullMetricExporter
{
    private const int CollectTimeoutMilliseconds = 10_000;

    private readonly PrometheusWriter _writer = new();
    private readonly Lock _collecting = new();
    private readonly Lock _starting = new();
    private readonly Task<byte[]>?[] _running = new Task<byte[]>?[Enum.GetValues<PrometheusFormat>().Length];
    private readonly IReadOnlyList<Histogram<double>> _alwaysThere;
    private readonly int _maxBytes;
    private PrometheusFormat _format;
    private bool _tooLarge;

    /// <summary>Creates an exporter that refuses to make an answer above a size.</summary>
    /// <param name="alwaysThere">Histograms without labels that are shown though nothing was recorded in them yet.</param>
    /// <param name="maxBytes">The size; some thousands of policies fit the default.</param>
    public PrometheusExporter(IReadOnlyList<Histogram<double>> alwaysThere, int maxBytes = 32 * 1024 * 1024) => (_alwaysThere, _maxBytes) = (alwaysThere, maxBytes);

    /// <summary>Whether the series of a policy are left out.</summary>
    public Func<string, bool> IsForgotten { init => _writer.IsForgotten = value; }

    /// <inheritdoc/>
    public Func<int, bool>? Collect { get; set; }

    /// <summary>Collects and writes everything.</summary>
    /// <exception cref="MetricsUnavailableException">There is no whole answer.</exception>
    public Task<byte[]> ScrapeAsync(PrometheusFormat format, CancellationToken cancellationToken)
    {
        Task<byte[]> scrape;
        lock (_starting)
        {
            ref var running = ref _running[(int)format];
            if (running is not { IsCompleted: false }) running = Task.Run(() => Scrape(format), CancellationToken.None);
            scrape = running;
        }

        return scrape.WaitAsync(cancellationToken);
    }

    /// <summary>Called by the SDK within a collection.</summary>
    public override ExportResult Export(in Batch<Metric> batch)
    {
        var metrics = new List<(string Name, Metric? Metric, Histogram<double>? Empty)>();
        foreach (var metric in batch) metrics.Add((metric.Name, metric, null));
        metrics.AddRange(_alwaysThere.Where(histogram => !metrics.Exists(m => m.Name == histogram.Name)).Select(histogram => (histogram.Name, (Metric?)null, (Histogram<double>?)histogram)).ToList());
        metrics.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));

        _writer.Start();
        _tooLarge = false;
        string? before = null;
        foreach (var (name, metric, empty) in metrics)
        {
            if (metric is not null) _writer.WriteMetric(metric, _format, withHead: name != before);
            if (empty is not null) _writer.WriteEmpty(empty, _format);
            before = name;
            _tooLarge = _writer.Written.Length > _maxBytes;
            if (_tooLarge) return ExportResult.Failure;
        }

        _writer.End(_format);
        return ExportResult.Success;
    }

    private byte[] Scrape(PrometheusFormat format)
    {
        lock (_collecting)
        {
            _format = format;
            if (Collect?.Invoke(CollectTimeoutMilliseconds) == true) return _writer.Written.ToArray();
            throw new MetricsUnavailableException(_tooLarge
                ? $"The metrics are larger than {_maxBytes} bytes, and half of them would mislead. Look for a label with very many values."
                : "The metrics could not be collected; the operator is stopping, or a gauge took too long. Try again.");
        }
    }
}

/// <summary>A scrape has no whole answer; the message says why.</summary>
internal sealed class MetricsUnavailableException(string message) : Exception(message);
