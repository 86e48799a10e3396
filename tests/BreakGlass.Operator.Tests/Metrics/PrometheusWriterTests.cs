using System.Diagnostics.Metrics;
using BreakGlass.Operator.Metrics;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Metrics;

public sealed class PrometheusWriterTests
{
    [Theory]
    [InlineData(PrometheusFormat.Text, "kinds.txt")]
    [InlineData(PrometheusFormat.OpenMetrics, "kinds.openmetrics.txt")]
    internal async Task Every_kind_of_instrument_is_written_as_the_format_says(PrometheusFormat format, string golden)
    {
        using var scraped = new Scraped();
        var meter = scraped.Meter;
        var counter = meter.CreateCounter<long>("a_requests_total", unit: null, "Requests,\nby \"code\" and C:\\path.");
        counter.Add(3, new KeyValuePair<string, object?>("code", 200), new("method", "GET"));
        counter.Add(0, new KeyValuePair<string, object?>("code", 500), new("method", "GET"));
        meter.CreateCounter<double>("b_seconds_total").Add(0.1);
        meter.CreateObservableGauge("c_temperature", () => -1.5, unit: null, "Cold.");
        meter.CreateObservableGauge("d_count", () => 1_795_000_000L, unit: null, "Large.");
        meter.CreateUpDownCounter<long>("e_open", unit: null, "Goes both ways.").Add(-2);
        meter.CreateObservableGauge("f_odd", () => new Measurement<double>[] { new(double.PositiveInfinity, new KeyValuePair<string, object?>("at", true)), new(double.NegativeInfinity), new(double.NaN, new KeyValuePair<string, object?>("at", null)) });
        meter.CreateObservableGauge("g_strange.name-1", () => new Measurement<long>(1, new KeyValuePair<string, object?>("1st.label-é", "v")), unit: "s", "Names that the format lacks.");
        var histogram = meter.CreateHistogram("h_seconds", unit: "s", "How long.", tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.00000001, .005, 1, 2.5, 60] });
        foreach (var value in new[] { 0.001, 1, 1.0001, 61 }) histogram.Record(value);
        histogram.Record(2, new KeyValuePair<string, object?>("le_", "x"));

        Golden.Check(await scraped.ScrapeAsync(format), golden);
    }

    [Fact]
    public void Any_label_value_comes_back_as_it_went_in() =>
        Prop.ForAll(
            Gen.Elements([.. "\\\"\n{},= aä\u2028🚒"]).ListOf().Select(chars => string.Concat(chars)).Where(IsUnicode).ToArbitrary(),
            value =>
            {
                using var scraped = new Scraped();
                scraped.Meter.CreateCounter<long>("x_total", unit: null, value).Add(1, new KeyValuePair<string, object?>("v", value));
#pragma warning disable xUnit1031, RS0030 // A property cannot be asynchronous; the scrape has a time-out of its own.
                var text = scraped.ScrapeAsync(PrometheusFormat.OpenMetrics).GetAwaiter().GetResult();
#pragma warning restore xUnit1031, RS0030
                Scraped.Labels(text).Should().ContainSingle().Which.Should().Contain("v", value);
                text.Count(c => c == '\n').Should().Be(value.Length > 0 ? 4 : 3, "head, sample and end are a line each");
            })
        .QuickCheckThrowOnFailure();

    [Fact]
    public async Task What_is_not_a_number_is_left_out()
    {
        using var scraped = new Scraped();
        var value = 7.0;
        scraped.Meter.CreateObservableGauge("gone", () => value);
        (await scraped.ScrapeAsync()).Should().Contain("gone 7\n");
        value = double.NaN;
        (await scraped.ScrapeAsync()).Should().NotContain("gone 7").And.NotContain("NaN");
    }

    [Fact]
    public async Task An_answer_that_is_too_large_is_refused_in_words()
    {
        using var scraped = new Scraped(maxBytes: 200);
        scraped.Meter.CreateObservableGauge("wide", () => Enumerable.Range(0, 50).Select(i => new Measurement<double>(1, new KeyValuePair<string, object?>("i", i))), unit: null, "x");
        var scrape = () => scraped.ScrapeAsync();
        (await scrape.Should().ThrowAsync<MetricsUnavailableException>()).WithMessage("*200 bytes*label*");
    }

    [Fact]
    public async Task A_gauge_that_fails_does_not_take_the_others_with_it()
    {
        using var scraped = new Scraped();
        scraped.Meter.CreateObservableGauge("bad", long () => throw new InvalidOperationException("no"));
        scraped.Meter.CreateObservableGauge("good", () => 1L);
        (await scraped.ScrapeAsync()).Should().Contain("good 1\n");
    }

    private static bool IsUnicode(string text) => System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text)) == text;
}
