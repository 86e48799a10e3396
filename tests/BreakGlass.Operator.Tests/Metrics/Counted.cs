using System.Diagnostics.Metrics;
using BreakGlass.Operator.Metrics;

namespace BreakGlass.Operator.Tests.Metrics;

/// <summary>What an operator's instruments are told, as it is told.</summary>
internal sealed class Counted : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private readonly List<(string Name, double Value, Dictionary<string, string> Tags, bool Observed)> _told = [];

    public Counted(OperatorMetrics metrics)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == metrics.Meter) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((i, value, tags, _) => Add(i, value, tags));
        _listener.SetMeasurementEventCallback<double>((i, value, tags, _) => Add(i, value, tags));
        _listener.Start();
    }

    /// <summary>The sum of a counter, over all series that carry a label's value.</summary>
    public double Sum(string name, string label, string value)
    {
        lock (_gate) _told.RemoveAll(t => t.Observed);
        _listener.RecordObservableInstruments();
        return All(name).Where(t => t.Tags.GetValueOrDefault(label) == value).Sum(t => t.Value);
    }

    /// <summary>How often a histogram was told something.</summary>
    public int Samples(string name) => All(name).Count;

    /// <summary>What a histogram was told.</summary>
    public IReadOnlyList<double> Values(string name) => [.. All(name).Select(t => t.Value)];

    public void Dispose() => _listener.Dispose();

    private List<(string Name, double Value, Dictionary<string, string> Tags, bool Observed)> All(string name)
    {
        lock (_gate) return [.. _told.Where(t => t.Name == $"breakglass_operator_{name}")];
    }

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var named = new Dictionary<string, string>();
        foreach (var (key, of) in tags) named[key] = of?.ToString() ?? "";
        lock (_gate) _told.Add((instrument.Name, value, named, instrument.IsObservable));
    }
}
