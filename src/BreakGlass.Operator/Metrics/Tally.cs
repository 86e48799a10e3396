using System.Diagnostics.Metrics;

namespace BreakGlass.Operator.Metrics;

/// <summary>
/// A counter with up to two labels that keeps its own series, so that a series can exist at 0 before anything happens, and can go. A
/// <see cref="Counter{T}"/> of the OpenTelemetry SDK forgets what was counted before a reader listens, and shows a series for as long
/// as the process lives.
/// </summary>
internal sealed class Tally
{
    private readonly Lock _lock = new();
    private readonly string[] _labels;
    private readonly Dictionary<(MetricLabel First, MetricLabel Second), long> _series = [];

    /// <summary>Creates the counter on the meter, which keeps it.</summary>
    /// <param name="meter">The meter.</param>
    /// <param name="name">The name that Prometheus shows.</param>
    /// <param name="description">What is counted.</param>
    /// <param name="labels">The labels: none, one or two.</param>
    public Tally(Meter meter, string name, string description, params string[] labels)
    {
        _labels = labels;
        meter.CreateObservableCounter(name, Observe, unit: null, description);
    }

    /// <summary>Adds to a series, which exists from here on; 0 makes it exist.</summary>
    /// <param name="count">How many.</param>
    /// <param name="first">The value of the first label.</param>
    /// <param name="second">The value of the second label.</param>
    public void Add(long count, MetricLabel first = default, MetricLabel second = default)
    {
        lock (_lock) _series[(first, second)] = _series.GetValueOrDefault((first, second)) + count;
    }

    /// <summary>What was counted in a series.</summary>
    public long Read(MetricLabel first, MetricLabel second)
    {
        lock (_lock) return _series.GetValueOrDefault((first, second));
    }

    /// <summary>Removes every series whose first label has a value.</summary>
    public void Forget(string first)
    {
        lock (_lock)
        {
            foreach (var key in _series.Keys.Where(key => key.First.ToString() == first).ToList()) _series.Remove(key);
        }
    }

    private List<Measurement<long>> Observe()
    {
        lock (_lock) return [.. _series.Select(series => new Measurement<long>(series.Value, Tags(series.Key)))];
    }

    private KeyValuePair<string, object?>[] Tags((MetricLabel First, MetricLabel Second) values) => _labels.Length switch
    {
        0 => [],
        1 => [new(_labels[0], values.First.ToString())],
        _ => [new(_labels[0], values.First.ToString()), new(_labels[1], values.Second.ToString())],
    };
}
