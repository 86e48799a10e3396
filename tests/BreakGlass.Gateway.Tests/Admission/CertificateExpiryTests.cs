using System.Diagnostics.Metrics;
using FluentAssertions;
using Xunit;

namespace BreakGlass.Gateway.Tests.Admission;

public sealed class CertificateExpiryTests
{
    [Fact]
    public async Task A_gauge_says_when_the_certificate_that_is_served_expires()
    {
        await using var world = await GatewayWorld.StartAsync();
        await using var connection = await world.ConnectAsync(world.Admit());
        var until = DateTimeOffset.Parse(
            connection.RemoteCertificate!.GetExpirationDateString(), System.Globalization.CultureInfo.CurrentCulture, default);
        Read(world.Metrics).Should().Equal(until.ToUnixTimeSeconds());
    }

    [Fact]
    public void A_gateway_without_a_certificate_does_not_say_that_it_expired_in_1970()
    {
        using var metrics = new GatewayMetrics("1");
        Read(metrics).Should().BeEmpty();
    }

    private static List<double> Read(GatewayMetrics metrics)
    {
        var values = new List<double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter == metrics.Meter && instrument.Name == "breakglass_operator_gateway_certificate_expiry_timestamp_seconds")
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => values.Add(value));
        listener.Start();
        listener.RecordObservableInstruments();
        return values;
    }
}
