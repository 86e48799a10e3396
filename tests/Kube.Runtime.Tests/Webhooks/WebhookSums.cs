using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Kube.Runtime.Tests.Webhooks;

/// <summary>Sums of the measurements of one webhook, by instrument; where they have a code, by that too.</summary>
internal sealed class WebhookSums : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, double> _sums = new();

    public WebhookSums(string webhook)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == RuntimeMetrics.MeterName) listener.EnableMeasurementEvents(instrument);
        };
        void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var (mine, code) = (false, "");
            foreach (var tag in tags)
            {
                if (tag.Key == "webhook") mine = tag.Value as string == webhook;
                if (tag.Key == "code") code = $"{{{tag.Value}}}";
            }

            if (mine) _sums.AddOrUpdate(instrument.Name + code, value, (_, sum) => sum + value);
        }

        _listener.SetMeasurementEventCallback<long>((i, value, tags, _) => Take(i, value, tags));
        _listener.SetMeasurementEventCallback<int>((i, value, tags, _) => Take(i, value, tags));
        _listener.SetMeasurementEventCallback<double>((i, value, tags, _) => Take(i, value, tags));
        _listener.Start();
    }

    public double this[string instrument] => _sums.GetValueOrDefault(instrument, double.NaN);

    public void Dispose() => _listener.Dispose();
}
