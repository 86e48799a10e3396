using System.Diagnostics.Metrics;

namespace Kube.Client;

/// <summary>The meter <c>Kube.Client</c>, with the names that client-go gives these figures.</summary>
internal static class ClientMetrics
{
    public const string NoAnswer = "<error>";

    private static readonly Meter Meter = new("Kube.Client");
    private static readonly Counter<long> Requests = Meter.CreateCounter<long>(
        "rest_client_requests_total", description: "Requests sent to the API server, by code and method.");
    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "rest_client_request_duration_seconds", unit: null, description: "Time to the headers of the answer, by verb.", tags: null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = [.005, .025, .1, .25, .5, 1, 2, 4, 8, 15, 30, 60] });

    public static void Count(Request request, int? code, TimeSpan took)
    {
        var tags = new TagList { { "code", code?.ToString(CultureInfo.InvariantCulture) ?? NoAnswer }, { "method", request.Method.Method } };
        Requests.Add(1, tags);
        Duration.Record(took.TotalSeconds, new KeyValuePair<string, object?>("verb", request.Verb));
    }
}
