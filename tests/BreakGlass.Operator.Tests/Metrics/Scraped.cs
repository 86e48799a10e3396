using System.Diagnostics.Metrics;
using System.Text;
using System.Text.RegularExpressions;
using BreakGlass.Operator.Metrics;
using Microsoft.AspNetCore.Http;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using TestKit;

namespace BreakGlass.Operator.Tests.Metrics;

/// <summary>One meter of the test's own, scraped without HTTP.</summary>
internal sealed partial class Scraped : IDisposable
{
    private readonly MeterProvider _provider;
    private readonly RequestDelegate _scrapes;

    public Scraped()
    {
        Meter = new Meter("test-" + Guid.NewGuid());
        _provider = Sdk.CreateMeterProviderBuilder().AddMeter(Meter.Name).AddPrometheusExporter(MetricsEndpoint.Configure).Build();
        _scrapes = MetricsEndpoint.Scrapes(_provider);
    }

    public Meter Meter { get; }

    public async Task<string> ScrapeAsync()
    {
        using var body = new MemoryStream();
        await _scrapes(new DefaultHttpContext { Request = { Method = "GET" }, Response = { Body = body } }).WaitAsync(Eventually.Limit);
        return Encoding.UTF8.GetString(body.ToArray());
    }

    /// <summary>The label values of every sample, unescaped as the formats' specifications say.</summary>
    public static IReadOnlyList<IReadOnlyDictionary<string, string>> Labels(string text) =>
    [
        .. text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line =>
            Label().Matches(line).ToDictionary(
                label => label.Groups["name"].Value, label => Escape().Replace(label.Groups["value"].Value, e => e.Value == "\\n" ? "\n" : e.Value[1..]))),
    ];

    public void Dispose()
    {
        _provider.Dispose();
        Meter.Dispose();
    }

    [GeneratedRegex("""(?<name>[a-zA-Z_][a-zA-Z0-9_]*)="(?<value>([^"\\]|\\.)*)["]""", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Label();

    [GeneratedRegex(@"\\.", RegexOptions.None, 5000)]
    private static partial Regex Escape();
}
