using System.Buffers;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace BreakGlass.Operator.Metrics;

/// <summary>How metrics are written.</summary>
internal enum PrometheusFormat
{
    /// <summary>The text format, version 0.0.4.</summary>
    Text,

    /// <summary>OpenMetrics 1.0.</summary>
    OpenMetrics,
}

/// <summary>
/// Writes the SDK's metrics in the formats that Prometheus reads, as UTF-8 into a buffer that is kept from scrape to scrape.
/// Names are written as the instruments have them, with nothing added: a counter is called *_total by whoever creates it.
/// </summary>
internal sealed class PrometheusWriter
{
    private readonly ArrayBufferWriter<byte> _out = new(16 * 1024);

    /// <summary>Whether the series with this value of the label <c>policy</c> are left out.</summary>
    public Func<string, bool> IsForgotten { get; set; } = static _ => false;

    /// <summary>What was written since the last <see cref="Start"/>; valid until the next.</summary>
    public ReadOnlySpan<byte> Written => _out.WrittenSpan;

    /// <summary>Forgets what was written.</summary>
    public void Start() => _out.ResetWrittenCount();

    /// <summary>Ends the text, which OpenMetrics wants to be said.</summary>
    public void End(PrometheusFormat format)
    {
        if (format == PrometheusFormat.OpenMetrics) Write("# EOF\n");
    }

    /// <summary>Writes one metric with all of its series, and its head unless the one before was of the same name.</summary>
    public void WriteMetric(Metric metric, PrometheusFormat format, bool withHead)
    {
        var kind = KindOf(metric.MetricType);
        if (kind is null) return; // exponential histograms have no form in these formats; none is made here
        var name = Name(metric.Name, colons: true);
        if (withHead) WriteHead(format == PrometheusFormat.OpenMetrics && kind == "counter" ? Family(name) : name, kind, metric.Description, format);
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            if (IsOfForgottenPolicy(point.Tags)) continue;
            if (kind == "histogram") WriteHistogram(name, in point, format);
            else WriteSample(name, in point, metric.MetricType);
        }
    }

    /// <summary>
    /// Writes a histogram without labels that nothing was recorded in yet. The SDK leaves it out, but the first observation shows in
    /// <c>rate()</c> only where the series was there before, and here the first one may be the only one for days.
    /// </summary>
    public void WriteEmpty(Histogram<double> histogram, PrometheusFormat format)
    {
        var name = Name(histogram.Name, colons: true);
        WriteHead(name, "histogram", histogram.Description ?? "", format);
        foreach (var bound in histogram.Advice?.HistogramBucketBoundaries ?? [])
            Write($"{name}_bucket{{le=\"{Bound(bound, format)}\"}} 0\n");
        Write($"{name}_bucket{{le=\"+Inf\"}} 0\n{name}_sum 0\n{name}_count 0\n");
    }

    private bool IsOfForgottenPolicy(ReadOnlyTagCollection tags)
    {
        foreach (var (key, value) in tags)
        {
            if (key == "policy" && value is string policy) return IsForgotten(policy);
        }

        return false;
    }

    private static string? KindOf(MetricType type) => type switch
    {
        MetricType.LongSum or MetricType.DoubleSum => "counter",
        MetricType.LongGauge or MetricType.DoubleGauge or MetricType.LongSumNonMonotonic or MetricType.DoubleSumNonMonotonic => "gauge",
        MetricType.Histogram => "histogram",
        _ => null,
    };

    // OpenMetrics names the family without the suffix that its samples carry.
    private static string Family(string counter) => counter.EndsWith("_total", StringComparison.Ordinal) ? counter[..^"_total".Length] : counter;

    private static string Name(string name, bool colons)
    {
        bool Good(char c, int at) => char.IsAsciiLetter(c) || c == '_' || (colons && c == ':') || (at > 0 && char.IsAsciiDigit(c));
        for (var i = 0; i < name.Length; i++)
        {
            if (!Good(name[i], i)) return string.Concat(name.Select((c, at) => Good(c, at) ? c : '_'));
        }

        return name;
    }

    private void WriteHead(string family, string kind, string description, PrometheusFormat format)
    {
        if (description.Length > 0)
        {
            Write("# HELP ");
            Write(family);
            Write(" ");
            WriteEscaped(description, quotes: format == PrometheusFormat.OpenMetrics);
            Write("\n");
        }

        Write("# TYPE ");
        Write(family);
        Write(" ");
        Write(kind);
        Write("\n");
    }

    private void WriteSample(string name, ref readonly MetricPoint point, MetricType type)
    {
        switch (type)
        {
            case MetricType.LongSum or MetricType.LongSumNonMonotonic:
                WriteSeries(name, "", point.Tags, le: null);
                Write(point.GetSumLong());
                break;
            case MetricType.LongGauge:
                WriteSeries(name, "", point.Tags, le: null);
                Write(point.GetGaugeLastValueLong());
                break;
            case MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic:
                WriteSeries(name, "", point.Tags, le: null);
                Write(point.GetSumDouble());
                break;
            default:
                var value = point.GetGaugeLastValueDouble();
                if (double.IsNaN(value)) return; // the mark for "not there (any more)"
                WriteSeries(name, "", point.Tags, le: null);
                Write(value);
                break;
        }

        Write("\n");
    }

    private void WriteHistogram(string name, ref readonly MetricPoint point, PrometheusFormat format)
    {
        long count = 0;
        foreach (var bucket in point.GetHistogramBuckets())
        {
            count += bucket.BucketCount;
            WriteSeries(name, "_bucket", point.Tags, Bound(bucket.ExplicitBound, format));
            Write(count);
            Write("\n");
        }

        WriteSeries(name, "_sum", point.Tags, le: null);
        Write(point.GetHistogramSum());
        Write("\n");
        WriteSeries(name, "_count", point.Tags, le: null);
        Write(point.GetHistogramCount());
        Write("\n");
    }

    // OpenMetrics wants a bound to look like a float ("1.0"); the text format has it as Go writes it ("1").
    private static string Bound(double bound, PrometheusFormat format)
    {
        var text = Text(bound);
        return format == PrometheusFormat.OpenMetrics && text.All(c => char.IsAsciiDigit(c) || c == '-') ? text + ".0" : text;
    }

    private static string Text(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e'),
    };

    private void WriteSeries(string name, string suffix, ReadOnlyTagCollection tags, string? le)
    {
        Write(name);
        Write(suffix);
        var opening = "{";
        foreach (var (key, value) in tags)
        {
            Write(opening);
            Write(Name(key, colons: false));
            Write("=\"");
            WriteEscaped(value switch
            {
                null => "",
                string text => text,
                bool yes => yes ? "true" : "false",
                IFormattable number => number.ToString(format: null, CultureInfo.InvariantCulture),
                _ => value.ToString() ?? "",
            }, quotes: true);
            Write("\"");
            opening = ",";
        }

        if (le is not null)
        {
            Write(opening);
            Write("le=\"");
            Write(le);
            Write("\"");
            opening = ",";
        }

        Write(opening == "," ? "} " : " ");
    }

    private void WriteEscaped(string text, bool quotes)
    {
        var rest = text.AsSpan();
        while (true)
        {
            var at = quotes ? rest.IndexOfAny('\\', '\n', '"') : rest.IndexOfAny('\\', '\n');
            if (at < 0) break;
            Write(rest[..at]);
            Write(rest[at] switch { '\\' => "\\\\", '\n' => "\\n", _ => "\\\"" });
            rest = rest[(at + 1)..];
        }

        Write(rest);
    }

    private void Write(ReadOnlySpan<char> text) => _out.Advance(Encoding.UTF8.GetBytes(text, _out.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length))));

    private void Write(long value)
    {
        value.TryFormat(_out.GetSpan(24), out var written, default, CultureInfo.InvariantCulture);
        _out.Advance(written);
    }

    private void Write(double value) => Write(Text(value));
}
