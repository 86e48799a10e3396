using BreakGlass.Operator.Metrics;
using FluentAssertions;
using Microsoft.Extensions.Primitives;
using Xunit;

namespace BreakGlass.Operator.Tests.Metrics;

public sealed class NegotiationTests
{
    [Theory]
    [InlineData("", PrometheusFormat.Text)]
    [InlineData("*/*", PrometheusFormat.Text)]
    [InlineData("text/plain", PrometheusFormat.Text)]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", PrometheusFormat.Text)]
    [InlineData("application/openmetrics-text", PrometheusFormat.OpenMetrics)]
    [InlineData("Application/OpenMetrics-Text; Version=\"1.0.0\"", PrometheusFormat.OpenMetrics)]
    [InlineData("application/openmetrics-text;version=1.0.0;q=0", PrometheusFormat.Text)]
    [InlineData("application/openmetrics-text;version=2.0.0", PrometheusFormat.Text)]
    [InlineData("application/openmetrics-text;version=1.0.0;q=0.2,text/plain;version=0.0.4;q=0.5", PrometheusFormat.Text)]
    [InlineData("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", PrometheusFormat.OpenMetrics)]
    [InlineData("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", PrometheusFormat.OpenMetrics)]
    [InlineData(";;;q=x,,", PrometheusFormat.Text)]
    internal void The_format_is_the_one_the_scraper_prefers(string accept, PrometheusFormat format) =>
        MetricsEndpoint.Choose(new StringValues(accept.Length == 0 ? null : accept)).Should().Be(format);
}
