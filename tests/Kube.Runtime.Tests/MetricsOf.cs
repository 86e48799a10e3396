using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Kube.Runtime.Tests;

/// <summary>Listens to the runtime's meter for the measurements of one controller, queue or lease: sums by instrument.</summary>
internal sealed class MetricsOf : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, double> _sums = new();
    private readonly string _subject;

    public MetricsOf(string subject)
    {
        _subject = subject;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == RuntimeMetrics.MeterName) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((i, value, tags, _) => Take(i, value, tags));
        _listener.SetMeasurementEventCallback<int>((i, value, tags, _) => Take(i, value, tags));
        _listener.SetMeasurementEventCallback<double>((i, value, tags, _) => Take(i, value, tags));
        _listener.Start();
    }

    public ICollection<string> Names
    {
        get
        {
            _listener.RecordObservableInstruments();
            return _sums.Keys;
        }
    }

    public double this[string instrument]
    {
        get
        {
            _listener.RecordObservableInstruments();
            return _sums.GetValueOrDefault(instrument, double.NaN);
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var mine = false;
        foreach (var tag in tags) mine |= tag.Key is "controller" or "name" && tag.Value as string == _subject;
        if (!mine) return;
        var last = instrument.IsObservable || instrument is Gauge<int>;
        _sums.AddOrUpdate(instrument.Name, value, (_, sum) => last ? value : sum + value);
    }
}
