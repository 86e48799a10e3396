using System.Text;
using Microsoft.Net.Http.Headers;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace BreakGlass.Operator.Metrics;

/// <summary>The OpenTelemetry SDK over this process and its meters, answered to Prometheus and sent to an OTLP collector where one is named.</summary>
/// <example><c>app.Map("/metrics", endpoint.ServeAsync);</c></example>
internal sealed class MetricsEndpoint : IDisposable
{
    /// <summary>The media type of the text format.</summary>
    public const string TextType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>The media type of OpenMetrics.</summary>
    public const string OpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    // Some ten series for each of some thousands of policies; the SDK folds what is beyond its limit (2,000 unless told) into one.
    private const int MaxSeriesOfOurs = 50_000;

    private readonly PrometheusExporter _exporter;
    private readonly MeterProvider _provider;

    /// <summary>Starts to listen to the meters.</summary>
    /// <param name="metrics">The operator's own; other instances of it in the same process are not listened to.</param>
    /// <param name="version">The operator's version.</param>
    /// <param name="otlpEndpoint">An OTLP collector; OTEL_EXPORTER_OTLP_PROTOCOL and _HEADERS hold for it too.</param>
    /// <param name="exporter">Writes the answers.</param>
    public MetricsEndpoint(OperatorMetrics metrics, string version, Uri? otlpEndpoint, PrometheusExporter? exporter = null)
    {
        _exporter = exporter ?? new PrometheusExporter(metrics.Histograms) { IsForgotten = metrics.IsForgotten };
        var builder = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => resource.AddService("breakglass-operator", serviceVersion: version))
            .AddMeter(OperatorMetrics.MeterName, "Kube.Client", "Kube.Runtime")
            .AddView(instrument => instrument.Meter.Name != OperatorMetrics.MeterName ? null
                : instrument.Meter == metrics.Meter ? new MetricStreamConfiguration { CardinalityLimit = MaxSeriesOfOurs } : MetricStreamConfiguration.Drop)
            .AddReader(new BaseExportingMetricReader(_exporter) { TemporalityPreference = MetricReaderTemporalityPreference.Cumulative });
        if (otlpEndpoint is not null)
        {
            builder.AddOtlpExporter(options =>
            {
                // The SDK adds the signal's path only to an endpoint that it read from the environment itself.
                options.Endpoint = options.Protocol == OtlpExportProtocol.HttpProtobuf
                    ? new Uri(otlpEndpoint.OriginalString.TrimEnd('/') + "/v1/metrics")
                    : otlpEndpoint;
            });
        }

        ProcessMetrics.AddTo(metrics.Meter);
        _provider = builder.Build();
        metrics.StartAtZero();
    }

    /// <summary>Answers a scrape, as OpenMetrics where the scraper prefers it and else as text.</summary>
    public async Task ServeAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            response.Headers.Allow = "GET, HEAD";
            return;
        }

        var format = Choose(request.Headers.Accept);
        try
        {
            var text = await _exporter.ScrapeAsync(format, context.RequestAborted);
            response.ContentType = format == PrometheusFormat.OpenMetrics ? OpenMetricsType : TextType;
            response.ContentLength = text.Length;
            if (HttpMethods.IsGet(request.Method)) await response.Body.WriteAsync(text, context.RequestAborted);
        }
        catch (MetricsUnavailableException problem)
        {
            response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            response.ContentType = "text/plain; charset=utf-8";
            await response.Body.WriteAsync(Encoding.UTF8.GetBytes(problem.Message + "\n"), context.RequestAborted);
        }
    }

    /// <summary>Stops listening; what is unsent goes to the OTLP collector first.</summary>
    public void Dispose() => _provider.Dispose();

    /// <summary>OpenMetrics where a version of it that is written here is wanted at least as much as plain text.</summary>
    internal static PrometheusFormat Choose(IList<string?> accept)
    {
        if (!MediaTypeHeaderValue.TryParseList(accept.OfType<string>().ToList(), out var types)) return PrometheusFormat.Text;
        double openMetrics = 0, text = 0;
        foreach (var type in types)
        {
            var quality = type.Quality ?? 1;
            if (type.MediaType.Equals("application/openmetrics-text", StringComparison.OrdinalIgnoreCase))
            {
                var version = type.Parameters.FirstOrDefault(p => p.Name.Equals("version", StringComparison.OrdinalIgnoreCase))?.Value.ToString().Trim('"');
                if (version is null or "1.0.0" or "0.0.1") openMetrics = Math.Max(openMetrics, quality);
            }
            else if (type.MediaType.Equals("text/plain", StringComparison.OrdinalIgnoreCase))
            {
                text = Math.Max(text, quality);
            }
        }

        return openMetrics > 0 && openMetrics >= text ? PrometheusFormat.OpenMetrics : PrometheusFormat.Text;
    }
}
