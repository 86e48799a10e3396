using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace BreakGlass.Operator.Metrics;

/// <summary>The OpenTelemetry SDK over this process and its meters, answered to Prometheus and sent to an OTLP collector where one is named.</summary>
/// <example><c>app.Map("/metrics", endpoint.ServeAsync);</c></example>
internal sealed class MetricsEndpoint : IDisposable
{
    // The SDK takes the memory for a metric's series when it meets the metric, some 100 bytes for each, and folds what is beyond the limit into one series.
    private const int MostPolicies = 3000;
    private const int MostPhasesOrReasons = 12;

    // More than fifty reasons for each of a thousand policies.
    private const int MostDenials = 60_000;

    // That many policies fit.
    private const int MaxScrapeBytes = 32 * 1024 * 1024;

    private readonly MeterProvider _provider;
    private readonly RequestDelegate _scrapes;

    /// <summary>Starts to listen to the operator's own meter and those of its libraries.</summary>
    public MetricsEndpoint(OperatorMetrics metrics, string version, Uri? otlpEndpoint)
        : this(metrics.Meter, version, otlpEndpoint)
    {
    }

    /// <summary>Starts to listen to the meters.</summary>
    /// <param name="meter">The process's own; other instances of it in the same process are not listened to.</param>
    /// <param name="version">The version of the program.</param>
    /// <param name="otlpEndpoint">An OTLP collector; OTEL_EXPORTER_OTLP_PROTOCOL and _HEADERS hold for it too.</param>
    public MetricsEndpoint(Meter meter, string version, Uri? otlpEndpoint)
    {
        var builder = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => resource.AddService("breakglass-operator", serviceVersion: version))
            .AddMeter(meter.Name, "Kube.Client", "Kube.Runtime")
            .AddView(instrument => instrument.Meter.Name != meter.Name ? null
                : instrument.Meter == meter
                ? new MetricStreamConfiguration { CardinalityLimit = MaxSeries(instrument.Name) } : MetricStreamConfiguration.Drop)
            .AddPrometheusExporter(Configure);
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

        ProcessMetrics.AddTo(meter);
        _provider = builder.Build();
        _scrapes = Scrapes(_provider);
    }

    /// <summary>Answers a scrape, as OpenMetrics if the scraper prefers it and as the older text format otherwise.</summary>
    public Task ServeAsync(HttpContext context)
    {
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method)) return _scrapes(context);
        context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        context.Response.Headers.Allow = "GET, HEAD";
        return Task.CompletedTask;
    }

    /// <summary>How many series a metric of ours can have, by what its labels are.</summary>
    internal static int MaxSeries(string instrument) => instrument switch
    {
        OperatorMetrics.Prefix + "denials_total" => MostDenials,
        OperatorMetrics.Prefix + "grants" or OperatorMetrics.Prefix + "revocations_total" or OperatorMetrics.Prefix + "activations_total"
            or OperatorMetrics.Prefix + "anomalies_total" => MostPolicies * MostPhasesOrReasons,
        _ => MostPolicies + 500,
    };

    /// <summary>Has the exporter write names and series as they are.</summary>
    internal static void Configure(PrometheusAspNetCoreOptions options)
    {
        // Instrument names are the Prometheus names: dashboards and alerts rely on them.
        options.TranslationStrategy = PrometheusAspNetCoreTranslationStrategy.UnderscoreEscapingWithoutSuffixes;
        options.ScopeInfoEnabled = false;
        options.TargetInfoEnabled = false;

        // A scrape after a change shows the change; scrapes at the same time share one collection.
        options.ScrapeResponseCacheDurationMilliseconds = 0;
        options.MaxScrapeResponseSizeBytes = MaxScrapeBytes;
    }

    /// <summary>What answers a scrape of a provider, at any path.</summary>
    internal static RequestDelegate Scrapes(MeterProvider provider) =>
        new ApplicationBuilder(new ServiceCollection().BuildServiceProvider())
            .UseOpenTelemetryPrometheusScrapingEndpoint(provider, _ => true, path: null, configureBranchedPipeline: null, optionsName: null)
            .Build();

    /// <summary>Stops listening; what is unsent goes to the OTLP collector first.</summary>
    public void Dispose() => _provider.Dispose();
}
